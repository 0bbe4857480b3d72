/** First rack release with the named behaviour; releases are `YYYYMMDDhhmmss` texts and compare as such. */
export const FEATURES = {
  gen1CpuDefault: '20171023163225',
  routers: '20171102200537',
  internalRouter: '20171130011815',
  routerCertificateOutput: '20171204232334',
  convoxHostNames: '20180106174952',
  healthGrace: '20180124232007',
  healthGraceWithPortOnly: '20180125145751',
  releaseVariable: '20180126214949',
  environmentStar: '20180227221242',
  ruleByService: '20180306214116',
  internalDomains: '20180313221205',
  scaleUsed: '20180316230415',
  internalDomainsOffDropsRules: '20180324152434',
  serviceAfterDomainRule: '20180328031038',
  gen1BuildVariable: '20180406232320',
  matcher399: '20180412033556',
  ruleBySeparateNames: '20180415180827',
  healthyThreshold2: '20180416200237',
  routerName: '20180423223805',
  targetGroupTags: '20180514161114',
  reusedCertificate: '20180518143010',
  reusedOnlyIssued: '20180520153159',
  routerInternalName: '20180527180826',
  sharedEnvironment: '20180602030619',
  sticky: '20180618124906',
  largerScaleDefaults: '20180618124906',
  singleton: '20180620190730',
  matcher401: '20180705140223',
  versionOutput: '20180723113305',
  nestedServices: '20180808194846',
  mysql: '20180808194846',
  memcached: '20180809150504',
  routerSecurityGroupOutput: '20180813175821',
  timersSeeLinks: '20180813175821',
  internalOnly: '20180906184830',
  drain: '20181115134335',
  serviceVariable: '20181215173425',
  redirectHttps: '20190103234204',
  internalSuffix: '20190109065521',
  internalRouterTag: '20190115132842',
  unknownHost: '20190307224522',
  blankDomainsDropped: '20190401000000',
  reusedOnlyUnexpired: '20190529174125',
  deployment: '20200402141528',
  mariadb: '20200828130251',
  linkDashes: '20210201145337',
  serviceNameRule: '20210217150446',
  idleTimeoutParameter: '20210617122204',
  successCodes: '20220207122553',
  elbLogBucket: '20220706153602',
  resourceVariables: '20221013170042',
  grpc: '20221108182218',
  apiBalancer: '20221129130331',
  efs: '20221214201933',
  rackDomain: '20230704162933',
  port80Switch: '20230912230919',
  internalRouterSuffix: '20240314032321',
  defaultsWithEquals: '20250325115244',
  internalAndExternal: '20250820145314',
  valkey: '20250820145314',
  nlb: '20260420193621',
} as const;

export function atLeast(version: string, first: string): boolean {
  return version >= first;
}

/** `my-app` → `MyApp`: how logical ids, parameters and outputs name apps and services (rack provider/aws/helpers.go). */
export function upperName(name: string): string {
  return name
    .replaceAll('_', '-')
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}
