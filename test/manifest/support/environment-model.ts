import { parse } from 'yaml';
import type { ModelApp, ModelService } from './generated-app.ts';

/** The environment of a container, by name; link variables hold a word instead of an address. */
export type Environment = ReadonlyMap<string, string>;

function prefixOf(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

function isBalanced({ labels, ports }: ModelService): boolean {
  return (
    !labels.some(([name, value]) => name === 'convox.balancer' && value === 'false') &&
    ports.some(({ isUdp }) => !isUdp)
  );
}

/**
 * What a generation 1 container sees: rack variables, non-empty defaults and link variables, then all of the app
 * environment over them, then RELEASE.
 */
export function gen1Environment(app: ModelApp, service: ModelService): Environment {
  const env = new Map([
    ['APP', 'rack'],
    ['RACK', 'rack'],
    ['AWS_REGION', 'rack'],
    ['PROCESS', service.name],
  ]);
  for (const [name, value] of service.environment) if (value !== undefined && value !== '') env.set(name, value);
  for (const link of service.links) {
    const target = app.services.find(({ name }) => name === link)!;
    if (!isBalanced(target)) continue;
    for (const suffix of ['URL', 'HOST', 'PORT', 'SCHEME', 'PATH', 'USERNAME', 'PASSWORD']) {
      env.set(`${prefixOf(link)}_${suffix}`, `${suffix} of ${link} in generation 1`);
    }
  }
  const isSecure = service.labels.some(([name, value]) => name === 'convox.environment.secure' && value === 'true');
  if (isSecure) for (const suffix of ['URL', 'TYPE', 'KEY']) env.set(`SECURE_ENVIRONMENT_${suffix}`, 'rack');
  else for (const [name, value] of app.env) env.set(name, value);
  return env.set('RELEASE', 'rack');
}

interface Gen2Text {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly environment?: readonly string[];
        readonly links?: readonly string[];
        readonly resources?: readonly string[];
      }
    >
  >;
}

/**
 * What a generation 2 container sees: defaults, link and resource URLs and rack variables, and over them the values of
 * the app environment for the names on the list. Undefined if build or promote would fail.
 */
export function gen2Environment(
  manifest: string,
  service: string,
  appEnv: ReadonlyMap<string, string>,
  rack: string,
): Environment | undefined {
  const read = (parse(manifest, { version: '1.1' }) as Gen2Text).services[service]!;
  const list = read.environment ?? [];
  const env = new Map<string, string>();
  for (const entry of list) {
    const equals = entry.indexOf('=');
    const value = entry.slice(equals + 1);
    if (equals !== -1 && !(value.includes('=') && rack < '20250325115244')) env.set(entry.slice(0, equals), value);
  }
  const variable = (name: string): string => (rack < '20210201145337' ? name.toUpperCase() : prefixOf(name));
  for (const link of read.links ?? []) env.set(`${variable(link)}_URL`, `URL of ${link} in generation 2`);
  for (const resource of read.resources ?? [])
    env.set(`${variable(resource)}_URL`, `URL of ${resource} in generation 2`);
  for (const name of ['AWS_REGION', 'APP', 'RACK', 'RELEASE']) env.set(name, 'rack');
  const isEverything = (list.length === 0 && rack >= '20171204232334' && rack < '20180227221242') || list.includes('*');
  for (const [name, value] of appEnv)
    if (isEverything || list.some((entry) => entry.split('=')[0] === name)) env.set(name, value);
  const isMissing = list.some((entry) => !entry.includes('=') && entry !== '*' && !appEnv.has(entry));
  return isMissing ? undefined : env;
}
