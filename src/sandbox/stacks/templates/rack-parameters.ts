import { FEATURES } from './rack-features.ts';

/** Parameters of the rack's stack: default, and the releases that declare them (convox/rack provider/aws/formation/rack.json). */
const PARAMETERS: readonly {
  readonly name: string;
  readonly standard: string;
  readonly since?: string;
  readonly before?: string;
}[] = [
  { name: 'ApiCount', standard: '2' },
  { name: 'Autoscale', standard: 'Yes' },
  { name: 'InstanceCount', standard: '3' },
  { name: 'InstanceType', standard: 't2.small' },
  { name: 'Internal', standard: 'No' },
  { name: 'Password', standard: '****' },
  { name: 'Private', standard: 'No' },
  { name: 'PrivateApi', standard: 'No' },
  { name: 'RouterSecurityGroup', standard: '', since: '20180403021210' },
  { name: 'SslPolicy', standard: 'ELBSecurityPolicy-2016-08', since: '20180504181741' },
  { name: 'InternalOnly', standard: 'No', since: FEATURES.internalOnly },
  { name: 'InternalSuffix', standard: '-rti', since: FEATURES.internalSuffix, before: FEATURES.internalRouterSuffix },
  { name: 'InternalRouterSuffix', standard: '-rti', since: FEATURES.internalRouterSuffix },
  { name: 'RouterInternalSecurityGroup', standard: '', since: '20190115132842' },
  { name: 'RouterMitigationMode', standard: 'defensive', since: '20200828130251' },
  { name: 'LoadBalancerIdleTimeout', standard: '3600', since: FEATURES.idleTimeoutParameter },
  { name: 'DisableALBPort80', standard: 'No', since: FEATURES.port80Switch },
];

/** What the rack's stack of a version declares, with the given values or the defaults; `Version` is the version. */
export function rackParameters(version: string, given: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const declared = PARAMETERS.filter(({ since = '', before = '9' }) => version >= since && version < before);
  return new Map(declared.map(({ name, standard }) => [name, given.get(name) ?? standard])).set('Version', version);
}
