import type { ResourceTemplate } from '../../model/stacks.ts';
import type { World } from '../../world.ts';
import { ManifestError } from '../manifests/yaml-reader.ts';
import { plainResource, resource } from '../resource-properties.ts';
import { output } from './app-request.ts';
import { atLeast, FEATURES, upperName } from './rack-features.ts';

interface ResourceKind {
  readonly since: string;
  readonly type: string;
  readonly port: number;
  readonly url: (host: string) => string;
}

/** The kinds of `resources:` that racks know (convox/rack provider/aws/formation/resource/*). */
const KINDS: Readonly<Record<string, ResourceKind>> = {
  postgres: sql('', 'postgres', 5432),
  mysql: sql(FEATURES.mysql, 'mysql', 3306),
  mariadb: sql(FEATURES.mariadb, 'mysql', 3306),
  redis: cache('', 'redis', 6379, '/0'),
  valkey: cache(FEATURES.valkey, 'redis', 6379, '/0'),
  memcached: cache(FEATURES.memcached, 'memcached', 11_211, ''),
};

function sql(since: string, scheme: string, port: number): ResourceKind {
  const url = (host: string): string => `${scheme}://app:sandbox@${host}:${port}/app`;
  return { since, type: 'AWS::RDS::DBInstance', port, url };
}

function cache(since: string, scheme: string, port: number, path: string): ResourceKind {
  return { since, type: 'AWS::ElastiCache::CacheCluster', port, url: (host) => `${scheme}://${host}:${port}${path}` };
}

export interface ResourceRequest {
  readonly app: string;
  readonly name: string;
  readonly type: string;
  readonly rackVersion: string;
}

/** A database of an app: a stack of its own, new and empty, gone with the app (a snapshot is kept). */
export function resourceTemplate(world: World, { app, name, type, rackVersion }: ResourceRequest): ResourceTemplate {
  if (type === 'efs' && atLeast(rackVersion, FEATURES.efs)) {
    throw new ManifestError(`the sandbox does not offer resources of type efs (resource ${name})`);
  }
  const kind = KINDS[type];
  if (kind === undefined || !atLeast(rackVersion, kind.since)) {
    throw new ManifestError(`open formation/resource/${type}.json.tmpl: no such file or directory`);
  }
  const host = `${app}-${name}.sandbox.${world.settings.region}.rds.amazonaws.com`;
  return resource(`Resource${upperName(name)}`, 'AWS::CloudFormation::Stack', () => ({
    template: {
      resources: [plainResource('Instance', kind.type), plainResource('SecurityGroup', 'AWS::EC2::SecurityGroup')],
      outputs: () => [output('Url', kind.url(host)), output('Port', String(kind.port))],
    },
    parameters: new Map([['Rack', world.settings.rackName]]),
    tags: new Map([
      ['App', app],
      ['Name', name],
      ['Type', 'resource'],
    ]),
  }));
}

/** Output `Url` of a resource's stack; '' while it is not there. */
export function resourceUrl(world: World, stackArn: string): string {
  const stack = stackArn === '' ? undefined : world.cloudFormation.find(stackArn);
  return stack?.outputs.find(({ key }) => key === 'Url')?.value ?? '';
}
