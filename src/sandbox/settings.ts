/** Everything that is chosen when a sandbox is started. Durations are simulated milliseconds. */
export interface SandboxSettings {
  readonly seed: number;
  /** Simulated milliseconds per real millisecond. */
  readonly scale: number;
  readonly startMs: number;
  readonly rackName: string;
  readonly rackVersion: string;
  readonly rackPassword: string;
  readonly region: string;
  readonly accountId: string;
  /** The rack's network: every balancer and the private zones are in it. */
  readonly vpcId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly durations: SandboxDurations;
}

export interface SandboxDurations {
  /** One plain stack resource (role, bucket, rule, listener certificate …) created, updated or deleted. */
  readonly resourceMs: number;
  readonly loadBalancerMs: number;
  readonly imagePullMs: number;
  readonly buildMs: number;
  readonly rackUpdateMs: number;
  /** During a version update of the rack its API is away for this long. */
  readonly rackApiAwayMs: number;
  readonly dnsValidationMs: number;
  /** Route 53: from accepted to INSYNC. */
  readonly zoneChangeMs: number;
  /** CloudWatch: how late a point appears. */
  readonly metricDelayMs: number;
  /** Background clean-up of a deleted app's rows. */
  readonly appCleanupMs: number;
}

export const DEFAULT_DURATIONS: SandboxDurations = {
  resourceMs: 4_000,
  loadBalancerMs: 90_000,
  imagePullMs: 20_000,
  buildMs: 120_000,
  rackUpdateMs: 300_000,
  rackApiAwayMs: 120_000,
  dnsValidationMs: 120_000,
  zoneChangeMs: 30_000,
  metricDelayMs: 60_000,
  appCleanupMs: 30_000,
};

export const DEFAULT_SETTINGS: SandboxSettings = {
  seed: 1,
  scale: 60,
  startMs: Date.UTC(2026, 0, 5, 9, 0, 0),
  rackName: 'convox',
  rackVersion: '20171213132441',
  rackPassword: 'sandbox-rack-password',
  region: 'us-east-1',
  accountId: '123456789012',
  vpcId: 'vpc-5a4db0c1',
  accessKeyId: 'AKIASANDBOX000000001',
  secretAccessKey: 'sandbox-secret-access-key',
  durations: DEFAULT_DURATIONS,
};
