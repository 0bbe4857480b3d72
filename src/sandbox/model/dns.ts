/** What Route 53 holds. Names are stored as Route 53 returns them: lower case, with the final dot, `*` as `\052`. */

export interface HostedZone {
  /** Without `/hostedzone/`. */
  readonly id: string;
  readonly name: string;
  readonly callerReference: string;
  readonly isPrivate: boolean;
  readonly vpcIds: readonly string[];
  readonly comment: string | undefined;
  /** Names of its four authoritative servers; empty for private zones. */
  readonly nameServers: readonly string[];
  /** What the API shows: the state after the last accepted change. In Route 53's own order. */
  recordSets: readonly RecordSet[];
}

export interface RecordSet {
  readonly name: string;
  readonly type: string;
  readonly setIdentifier?: string;
  readonly weight?: number;
  readonly region?: string;
  readonly failover?: 'PRIMARY' | 'SECONDARY';
  readonly geoLocation?: Readonly<Record<string, string>>;
  readonly multiValueAnswer?: boolean;
  readonly healthCheckId?: string;
  readonly ttl?: number;
  readonly values?: readonly string[];
  readonly alias?: {
    readonly hostedZoneId: string;
    readonly dnsName: string;
    readonly evaluateTargetHealth: boolean;
  };
}

export interface ZoneChange {
  readonly id: string;
  readonly zoneId: string;
  readonly submittedAt: number;
  readonly comment: string | undefined;
  status: 'PENDING' | 'INSYNC';
}
