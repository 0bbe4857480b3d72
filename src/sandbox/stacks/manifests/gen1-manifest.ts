import { asList, asMap, asText, isMap, ManifestError, readYaml, type YamlMap } from './yaml-reader.ts';

export interface Gen1Port {
  readonly balancer: number;
  readonly container: number;
  /** Written as a pair; a single number is open to the VPC only and makes the whole balancer internal. */
  readonly isPublic: boolean;
  readonly protocol: 'tcp' | 'udp';
}

export interface Gen1Service {
  readonly name: string;
  readonly ports: readonly Gen1Port[];
  readonly labels: ReadonlyMap<string, string>;
  /** Entries in manifest order; `NAME` and `NAME=` have an empty value. */
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly links: readonly string[];
}

export interface Gen1Manifest {
  readonly services: readonly Gen1Service[];
}

/**
 * Reads docker-compose.yml as a rack does (convox/rack@20171213132441 manifest1/manifest.go): variables come from the
 * rack's own, practically empty environment, so they read as nothing. Throws ManifestError.
 */
export function readGen1Manifest(text: string): Gen1Manifest {
  const document = readYaml(interpolated(text));
  const version = asText(document['version']);
  if (version === undefined || version === '1') return { services: servicesOf(document) };
  if (!['2', '2.0', '2.1', '2.2'].includes(version)) throw new ManifestError(`unknown manifest version: ${version}`);
  return { services: servicesOf(asMap(document['services'])) };
}

/** The balancer's TCP ports; none when the label switches the balancer off. */
export function balancerPorts({ ports, labels }: Gen1Service): readonly Gen1Port[] {
  return labels.get('convox.balancer') === 'false' ? [] : ports.filter(({ protocol }) => protocol === 'tcp');
}

export function isInternal(service: Gen1Service): boolean {
  return balancerPorts(service).some(({ isPublic }) => !isPublic);
}

/** Presence alone counts, whatever the value. */
export function isAgent({ labels }: Gen1Service): boolean {
  return labels.has('convox.agent') || labels.has('convox.daemon');
}

export function numberLabel({ labels }: Gen1Service, name: string, standard: number): number {
  const value = labels.get(name);
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : standard;
}

function interpolated(text: string): string {
  return text.replaceAll(/\$?\$(?:\{([0-9A-Za-z_]+)\}|([0-9A-Za-z_]+))/g, (match) =>
    match.startsWith('$$') ? match.slice(1) : '',
  );
}

function servicesOf(map: YamlMap): readonly Gen1Service[] {
  return Object.entries(map).map(([name, value]) => {
    if (!isMap(value)) throw new ManifestError(`yaml: unmarshal errors: cannot unmarshal service ${name}`);
    return {
      name,
      ports: asList(value['ports']).map((port) => portOf(asText(port) ?? '')),
      labels: labelsOf(value['labels']),
      environment: environmentOf(value['environment']),
      links: asList(value['links']).flatMap((link) => asText(link) ?? []),
    };
  });
}

function portOf(text: string): Gen1Port {
  const match = /^(?:(\d+):)?(\d+)(?:\/(tcp|udp))?$/i.exec(text);
  if (match === null) throw new ManifestError(`invalid port: ${text}`);
  const [, balancer, container, protocol] = match;
  return {
    balancer: Number(balancer ?? container),
    container: Number(container),
    isPublic: balancer !== undefined,
    protocol: protocol?.toLowerCase() === 'udp' ? 'udp' : 'tcp',
  };
}

function labelsOf(value: unknown): ReadonlyMap<string, string> {
  if (isMap(value)) return new Map(Object.entries(value).map(([key, label]) => [key, asText(label) ?? '']));
  return new Map(
    asList(value).map((item) => {
      const [key, label] = splitAtEquals(asText(item) ?? '');
      if (label === undefined) throw new ManifestError(`Cannot parse label ${key}`);
      return [key, label];
    }),
  );
}

function environmentOf(value: unknown): Gen1Service['environment'] {
  if (isMap(value)) return Object.entries(value).map(([name, text]) => ({ name, value: asText(text) ?? '' }));
  return asList(value).map((item) => {
    const [name, text] = splitAtEquals(asText(item) ?? '');
    return { name, value: text ?? '' };
  });
}

function splitAtEquals(text: string): readonly [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
