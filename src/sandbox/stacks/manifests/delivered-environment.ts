import { atLeast, FEATURES } from '../templates/rack-features.ts';
import type { Gen1Service } from './gen1-manifest.ts';
import type { Gen2Service } from './gen2-manifest.ts';

/** What is true of a task whatever its service. */
export interface TaskFacts {
  readonly app: string;
  readonly rack: string;
  readonly region: string;
  readonly rackVersion: string;
  readonly release: string;
  readonly build: string;
}

export interface Gen1Delivery extends TaskFacts {
  readonly service: Gen1Service;
  readonly appEnvironment: ReadonlyMap<string, string>;
  readonly linkVariables: ReadonlyMap<string, string>;
}

/**
 * What a generation-1 container sees: manifest values and links first, then every variable of the app, which wins
 * (convox/rack@20171213132441 provider/aws/formation/g1/app.json.tmpl, lambda/formation/handler/ecs.go).
 */
export function gen1Environment({
  service,
  appEnvironment,
  linkVariables,
  ...facts
}: Gen1Delivery): Map<string, string> {
  const isSecure = service.labels.get('convox.environment.secure') === 'true';
  const delivered = new Map([
    ['APP', facts.app],
    ['RACK', facts.rack],
    ['AWS_REGION', facts.region],
    ...service.environment.flatMap(({ name, value }) => (value === '' ? [] : [[name, value] as const])),
    ...linkVariables,
    ['PROCESS', service.name],
    ...(isSecure
      ? ([
          ['SECURE_ENVIRONMENT_URL', `s3://${facts.rack}-${facts.app}-settings/env`],
          ['SECURE_ENVIRONMENT_TYPE', 'envfile'],
          ['SECURE_ENVIRONMENT_KEY', 'alias/convox'],
        ] as const)
      : appEnvironment),
    ['RELEASE', facts.release],
  ]);
  if (atLeast(facts.rackVersion, FEATURES.gen1BuildVariable)) delivered.set('BUILD', facts.build);
  return delivered;
}

export interface Gen2Delivery extends TaskFacts {
  readonly service: Gen2Service;
  readonly appEnvironment: ReadonlyMap<string, string>;
  readonly linkVariables: ReadonlyMap<string, string>;
  readonly resourceVariables: ReadonlyMap<string, string>;
}

/**
 * What a generation-2 process sees: the task's own variables, then those of the app that the service lists, which win
 * (convox/rack@20171213132441 cmd/convox-env/main.go, provider/aws/formation/app.json.tmpl).
 */
export function gen2Environment(delivery: Gen2Delivery): Map<string, string> {
  const { service, appEnvironment, rackVersion, ...facts } = delivery;
  const keepsEquals = atLeast(rackVersion, FEATURES.defaultsWithEquals);
  const defaults = service.environment.flatMap((item) => {
    const [name = '', ...rest] = item.split('=');
    return rest.length === 0 || (rest.length > 1 && !keepsEquals) ? [] : [[name, rest.join('=')] as const];
  });
  const delivered = new Map([
    ...defaults,
    ...delivery.linkVariables,
    ...delivery.resourceVariables,
    ['AWS_REGION', facts.region],
    ['APP', facts.app],
    ['RACK', facts.rack],
  ]);
  if (atLeast(rackVersion, FEATURES.releaseVariable)) delivered.set('RELEASE', facts.release);
  if (atLeast(rackVersion, FEATURES.serviceVariable)) {
    delivered.set('SERVICE', service.name);
    delivered.set('BUILD', facts.build);
  }
  for (const [name, value] of appEnvironment) if (isListed(service, name, rackVersion)) delivered.set(name, value);
  return delivered;
}

function isListed({ environment }: Gen2Service, name: string, rackVersion: string): boolean {
  if (!atLeast(rackVersion, FEATURES.environmentStar)) {
    return environment.length === 0 || environment.some((item) => item.split('=')[0] === name);
  }
  return environment.some((item) => item === '*' || item.split('=')[0] === name);
}
