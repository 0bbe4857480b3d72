/**
 * The first release tag whose source has a feature (every release tag of convox/rack from 20170913 to 20260421192651
 * checked). Rack versions are timestamps and compare as strings.
 */
export const FEATURES = {
  generation2: '20171102200537',
  internal: '20171130011815',
  links: '20171130011815',
  /** An empty environment list delivers everything, until `environmentWildcard`. */
  emptyEnvironmentIsAll: '20171204232334',
  agent: '20171206030124',
  buildManifest: '20171214220445',
  convoxDomain: '20180106174952',
  healthGrace: '20180124232007',
  environmentWildcard: '20180227221242',
  plainCommands: '20180228170419',
  scaleResources: '20180316230415',
  sixFieldSchedules: '20180316230415',
  balancerName: '20180406232320',
  health2xx3xx: '20180412033556',
  health401: '20180705140223',
  healthCodesConfigurable: '20220207122553',
  autoscaling: '20180423223805',
  memoryNeedsCpuFrom: '20180503151229',
  memoryNeedsCpuUntil: '20180618124906',
  topLevelEnvironment: '20180602030619',
  sticky: '20180618124906',
  singleton: '20180620190730',
  init: '20180730192707',
  mysql: '20180808194846',
  memcached: '20180809150504',
  timerLinks: '20180813175821',
  resourceOptions: '20180815173013',
  hostProc: '20180823153803',
  gen1Entrypoint: '20180921222709',
  drain: '20181115134335',
  hostSysCgroup: '20181115134335',
  privileged: '20181212203703',
  httpsRedirect: '20190103234204',
  agentPorts: '20190302180422',
  params: '20190418192208',
  hostAudit: '20191120120724',
  hostDevLog: '20200113140352',
  deployment: '20200402141528',
  commandListParsed: '20200716131414',
  commandList: '20200720124031',
  mariadb: '20200828130251',
  termination: '20201012154205',
  cooldown: '20210201145337',
  dashesInVariables: '20210201145337',
  nameRule: '20210217150446',
  hostKernelDebug: '20210319134118',
  hostContainers: '20220929223307',
  resourceUserPass: '20221013170042',
  grpc: '20221108182218',
  efs: '20221214201933',
  policies: '20230704162933',
  defaultsWithEquals: '20250325115244',
  tags: '20250411181817',
  internalAndExternal: '20250820145314',
  valkey: '20250820145314',
  timerPolicies: '20251126161234',
  nlb: '20260420193621',
  /** The newest release that was read: merge keys are honoured there; when they began to be is not known. */
  newestRead: '20260421192651',
} as const satisfies Record<string, string>;

export type Feature = keyof typeof FEATURES;

/** The release the converter assumes when it is told none. */
export const NEWEST_RACK = FEATURES.newestRead;

/** True if a rack of this version has the feature. */
export function supports(rackVersion: string, feature: Feature): boolean {
  return rackVersion >= FEATURES[feature];
}

/** True for a release tag, with or without a suffix: `20171213132441`, `20180711032918-beta`. */
export function isRackVersion(text: string): boolean {
  return /^\d{14}(?:\D.*)?$/.test(text);
}

/** The health codes a rack of this version accepts, in words. */
export function healthCodes(rackVersion: string): string {
  if (supports(rackVersion, 'healthCodesConfigurable'))
    return '200-399 and 401 (app parameter LoadBalancerSuccessCodes)';
  if (supports(rackVersion, 'health401')) return '200-399 and 401';
  return supports(rackVersion, 'health2xx3xx') ? '200-399' : 'exactly 200';
}

/** Resource types and the release that brought each; no other type ever existed on these racks. */
export const RESOURCE_TYPES: ReadonlyMap<string, Feature> = new Map([
  ['postgres', 'generation2'],
  ['redis', 'generation2'],
  ['mysql', 'mysql'],
  ['memcached', 'memcached'],
  ['mariadb', 'mariadb'],
  ['efs', 'efs'],
  ['valkey', 'valkey'],
]);

/** Volume sources (exact strings) that are real paths of the host in generation 2, not directories of the app. */
export const HOST_PATHS: ReadonlyMap<string, Feature> = new Map([
  ['/var/run/docker.sock', 'generation2'],
  ['/proc/', 'hostProc'],
  ['/cgroup/', 'hostProc'],
  ['/sys/fs/cgroup/', 'hostSysCgroup'],
  ['/var/log/audit/', 'hostAudit'],
  ['/var/run/', 'hostAudit'],
  ['/dev/log', 'hostDevLog'],
  ['/etc/passwd', 'hostDevLog'],
  ['/sys/kernel/debug/', 'hostKernelDebug'],
  ['/var/lib/docker/containers/', 'hostContainers'],
]);

/** Volume sources that are real paths of the host in generation 1. */
export const GEN1_HOST_PATHS: ReadonlySet<string> = new Set(['/var/run/docker.sock', '/proc/', '/cgroup/']);

/** Names a rack sets itself and does not take from a manifest. */
export function isReservedVariable(name: string): boolean {
  return ['APP', 'RACK', 'AWS_REGION', 'RELEASE', 'PROCESS'].includes(name) || name.startsWith('CONVOX_ENV_');
}
