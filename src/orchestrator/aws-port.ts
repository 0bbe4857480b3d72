/** AWS in the procedure's words; built on the modules of `src/aws` by `src/connect`. */
import type { BalancerRoom, FutureApp } from './balancer-room.ts';
import type { RackFacts, TextMap } from './rack-port.ts';

/** A CloudFormation stack, read by ARN once it is known. */
export interface StackFacts {
  readonly arn: string;
  readonly name: string;
  /** CloudFormation's own word, e.g. `UPDATE_ROLLBACK_COMPLETE`; `DELETE_COMPLETE` when read by ARN after a delete. */
  readonly status: string;
  /** When the last create or update began, ms since 1970: tells one operation from the one before. */
  readonly changedAt: number | undefined;
  readonly tags: TextMap;
  readonly parameters: TextMap;
  readonly outputs: TextMap;
}

export type BalancerRole = 'public' | 'internal';

/** A balancer shared by generation-2 apps. */
export interface SharedBalancer {
  readonly role: BalancerRole;
  readonly arn: string | undefined;
  readonly dnsName: string;
  readonly canonicalHostedZoneId: string | undefined;
  readonly warnings: readonly string[];
}

/** A classic ELB of the old app. */
export interface OldBalancer {
  /** Service it belongs to. */
  readonly service: string;
  readonly name: string;
  readonly dnsName: string;
  readonly isInternal: boolean;
  readonly kind: 'classic' | 'application';
  /** True if it has a listener on port 80. */
  readonly answersHttp: boolean;
  /** CloudWatch's name for it. */
  readonly metricName: string;
}

/** A record set as JSON, with every field Route 53 gave. */
export type SavedRecord = Readonly<Record<string, unknown>>;

/** One atomic change of one zone: what is removed exactly as it was read, and what takes its place. */
export interface RecordBatch {
  readonly zoneId: string;
  readonly zoneName: string;
  readonly before: readonly SavedRecord[];
  readonly after: readonly SavedRecord[];
}

/** A record that leads to the old app, for people. */
export interface DomainRecord {
  readonly name: string;
  readonly type: string;
  readonly zoneId: string;
  readonly zoneName: string;
  readonly view: 'public' | 'private';
  /** Service whose balancer it points at. */
  readonly service: string;
  /** Seconds an answer may be cached: its TTL, 60 for an alias to a balancer. */
  readonly ttlSeconds: number;
  readonly isAlias: boolean;
  /** In words: `CNAME shop-web-….elb.amazonaws.com, TTL 300`. */
  readonly says: string;
}

/** What moving names to the shared balancers would change. */
export interface SwitchPlan {
  /** In order; each stage is a list of batches, one a zone that it changes. Without weights there is one stage. */
  readonly stages: readonly (readonly RecordBatch[])[];
  readonly changes: readonly {
    readonly name: string;
    readonly type: string;
    readonly before: string;
    readonly after: string;
  }[];
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
  readonly notices: readonly string[];
  /** Names that another program keeps as it wants them, and may put back after they were moved. */
  readonly marks: readonly { readonly name: string; readonly says: string }[];
}

/** Record changes that lead names back to an old app. */
export interface ReturnPlan {
  /** `before` is what shall be put back, `after` what stands there now: as `restoreBatches` takes them. */
  readonly batches: readonly RecordBatch[];
  readonly changes: SwitchPlan['changes'];
  /** Names that led to a balancer nothing has taken the place of. */
  readonly notices: readonly string[];
}

/** How the certificate for a service's domains comes about. */
export interface CertificateForecast {
  readonly service: string;
  readonly domains: readonly string[];
  /** `reuse` one that exists, `dns` validated ahead of any app, or the rack's own request by `mail`. */
  readonly way: 'reuse' | 'dns' | 'mail';
  /** ARN of the one that is reused. */
  readonly reuses?: string | undefined;
  /** Where mail goes, when the way is `mail`. */
  readonly mails: readonly {
    readonly domain: string;
    readonly mailboxes: readonly string[];
    readonly canArrive: boolean;
  }[];
  /** What would keep ACM from issuing, e.g. a CAA record. */
  readonly problems: readonly string[];
}

export interface CertificateFacts {
  readonly arn: string;
  readonly status: string;
  readonly domains: readonly string[];
  readonly failureReason: string | undefined;
  readonly validations: readonly {
    readonly domain: string;
    readonly status: string;
    readonly method: string;
    readonly mailboxes: readonly string[];
  }[];
}

/** A certificate we requested, and what proves its domains. */
export interface RequestedCertificate {
  readonly arn: string;
  /** False: it was there before this execution, and stays when this execution is taken back. */
  readonly isOurs: boolean;
  /** Record changes to be made for its validation; none for records that are there already. */
  readonly validation: readonly RecordBatch[];
}

/** What a listener holds for a host. */
export interface HostRule {
  readonly host: string;
  readonly priority: number;
  /** App that owns the rule; undefined if it cannot be told. */
  readonly ownerApp: string | undefined;
}

/** The target groups of a service of generation 2: one with a port, two if it is internal and external. */
export interface ServiceTargets {
  readonly service: string;
  readonly targetGroupArns: readonly string[];
}

export interface TargetHealthFacts {
  readonly healthy: number;
  readonly total: number;
  /** In words, for those that are not healthy. */
  readonly problems: readonly string[];
}

export interface EndpointCheck {
  readonly ok: boolean;
  /** `https://shop.example.com/ through the public balancer`. */
  readonly what: string;
  /** `200`, `404 unknown host: no rule for this name`, … */
  readonly saw: string;
  /** False when it was judged from AWS data alone, because the balancer cannot be reached from here. */
  readonly requested: boolean;
}

/** One answer to one request, as a client of that balancer gets it. */
export interface ProbeSample {
  /** HTTP status; undefined: no answer. */
  readonly status: number | undefined;
  /** What is wrong whatever the program meant: no answer, and at the new balancer the wrong certificate or no rule. */
  readonly problem: string | undefined;
  /** Real ms. */
  readonly tookMs: number;
  readonly says: string;
}

/** Which of CloudWatch's figures are read. */
export interface TrafficWindow {
  /** Nothing before the first whole minute after it counts, ms since 1970. */
  readonly sinceMs: number;
  /** So many whole minutes at most, and never fewer than one. */
  readonly minutes: number;
  /**
   * `certain`: the last minutes that are old enough for all their figures to be there. `newest`: up to the last minute
   * of which there are figures of the new side; that the old side has none then is very likely, and no more.
   */
  readonly figures: 'certain' | 'newest';
}

/** Requests by side, and the HTTP 5xx answers among them. */
export interface TrafficCounts {
  readonly newRequests: number;
  readonly newErrors: number;
  readonly oldRequests: number;
  readonly oldErrors: number;
  /** In words, with the figures. */
  readonly says: string;
}

/** The counts of the window. */
export interface TrafficFacts extends TrafficCounts {
  /** The window, ms since 1970; 0 to 0 while there are no figures. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Up to the same end, from as many minutes before it as were read: what an app with few users is judged by. */
  readonly lately: TrafficCounts;
}

/** One whole minute. */
export interface TrafficMinute extends Omit<TrafficCounts, 'says'> {
  /** Its beginning, ms since 1970. */
  readonly at: number;
}

/** Where traffic is counted: the target groups of a generation-2 app, and old balancers. */
export interface TrafficSources {
  readonly appStackName: string;
  readonly targets: readonly (ServiceTargets & { readonly balancerArn: string })[];
  readonly oldBalancers: readonly OldBalancer[];
}

/** AWS, as far as the procedure asks and changes it. */
export interface AwsPort {
  /** Fails when the credentials are for another account than the rack's. */
  checkAccount(rack: RackFacts, signal: AbortSignal): Promise<{ readonly account: string; readonly region: string }>;
  /** Actions that a migration needs to read with and that AWS refuses, all of them. */
  missingPermissions(stackNameOrArn: string, signal: AbortSignal): Promise<readonly string[]>;
  findStack(nameOrArn: string, signal: AbortSignal): Promise<StackFacts | undefined>;
  /** The first real failure among a stack's events (nested stacks too) since `sinceMs`, in words. */
  firstCause(stackArn: string, sinceMs: number, signal: AbortSignal): Promise<string | undefined>;
  findBalancer(role: BalancerRole, rack: RackFacts, signal: AbortSignal): Promise<SharedBalancer>;
  /** Those of these roles as they were found before, if nothing has changed the rack's stack since. */
  knownBalancers(
    roles: readonly BalancerRole[],
    signal: AbortSignal,
  ): Promise<Readonly<Partial<Record<BalancerRole, SharedBalancer>>> | undefined>;
  oldBalancers(stackName: string, services: readonly string[], signal: AbortSignal): Promise<readonly OldBalancer[]>;
  /** Instances a classic balancer of an app sends requests to; undefined for one of another kind. */
  oldBalancerHealth(balancer: OldBalancer, signal: AbortSignal): Promise<TargetHealthFacts | undefined>;
  /** Seconds it lets requests finish when their target goes away; undefined for one that is not classic. */
  oldBalancerDraining(balancer: OldBalancer, signal: AbortSignal): Promise<number | undefined>;
  /** The records of all zones that point at balancers. */
  domainRecords(
    balancers: readonly Pick<OldBalancer, 'dnsName' | 'service'>[],
    rack: RackFacts,
    signal: AbortSignal,
  ): Promise<readonly DomainRecord[]>;
  planSwitch(
    request: {
      readonly records: readonly DomainRecord[];
      readonly from: readonly OldBalancer[];
      readonly targets: Readonly<Partial<Record<BalancerRole, SharedBalancer>>>;
      /** Role by record name and zone view. */
      readonly roleOf: (record: DomainRecord) => BalancerRole;
      readonly stagePercents: readonly number[];
    },
    signal: AbortSignal,
  ): Promise<SwitchPlan>;
  /** Batches that give records another TTL, built from the records as they are now; none where nothing changes. */
  planTtl(
    wanted: readonly { readonly record: DomainRecord; readonly ttlSeconds: number }[],
    signal: AbortSignal,
  ): Promise<readonly RecordBatch[]>;
  /** Applies one batch, compare and swap; a foreign change is `DNS_CONFLICT`. Safe to repeat. */
  applyBatch(batch: RecordBatch, signal: AbortSignal): Promise<{ readonly changeId: string | undefined }>;
  /**
   * Puts back what was there before, from the batches alone; safe to repeat, also when they were never applied. Gives
   * the ids of the changes made.
   */
  restoreBatches(batches: readonly RecordBatch[], signal: AbortSignal): Promise<readonly string[]>;
  /**
   * What would lead the records these batches changed back to where they led before the first of them, each balancer
   * replaced by the one that took its place. Nothing where they lead there already.
   */
  planReturn(
    request: {
      readonly batches: readonly RecordBatch[];
      /** Balancers that are gone, each with the one that took its place if there is one. */
      readonly gone: readonly { readonly before: OldBalancer; readonly now: OldBalancer | undefined }[];
    },
    signal: AbortSignal,
  ): Promise<ReturnPlan>;
  /** True when every server of Route 53 has the change. */
  isInSync(changeId: string, signal: AbortSignal): Promise<boolean>;
  /** Which servers, of the zone's own or public resolvers, do not yet answer with the balancer. */
  behind(
    request: {
      readonly record: DomainRecord;
      readonly balancer: SharedBalancer;
      readonly servers: 'authoritative' | 'resolvers';
    },
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  forecastCertificates(
    request: {
      readonly rackVersion: string;
      readonly services: readonly { readonly name: string; readonly domains: readonly string[] }[];
    },
    signal: AbortSignal,
  ): Promise<readonly CertificateForecast[]>;
  /** Requests a certificate by DNS validation, or finds the one requested before under the same key. */
  requestCertificate(
    request: { readonly domains: readonly string[]; readonly key: string },
    signal: AbortSignal,
  ): Promise<RequestedCertificate>;
  /** ARNs of the certificates requested under a key, whatever became of them. */
  requestedCertificates(
    request: { readonly domains: readonly string[]; readonly key: string },
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  readCertificate(arn: string, signal: AbortSignal): Promise<CertificateFacts | undefined>;
  deleteCertificate(arn: string, signal: AbortSignal): Promise<void>;
  /** Certificates that a stack waits for. */
  pendingCertificates(stackArn: string, signal: AbortSignal): Promise<readonly CertificateFacts[]>;
  /** Rules of the 443 listener that look at the host. */
  hostRules(balancerArn: string, signal: AbortSignal): Promise<readonly HostRule[]>;
  /** Names of the certificates on the 443 listener, by ARN. */
  listenerCertificates(
    balancerArn: string,
    signal: AbortSignal,
  ): Promise<
    readonly {
      readonly arn: string;
      readonly names: readonly string[];
      readonly ownerApp: string | undefined;
      /** Issued, and not expired. */
      readonly isValid: boolean;
    }[]
  >;
  /** The target groups of a generation-2 app as its stack has them now, service by service in the order asked for. */
  serviceTargets(
    appStackName: string,
    services: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly ServiceTargets[]>;
  /** Health of the targets of a service. */
  targetHealth(targetGroupArns: readonly string[], signal: AbortSignal): Promise<TargetHealthFacts>;
  /** Asks for `host` through the balancer over HTTPS and HTTP, whether or not DNS points there. */
  checkEndpoint(
    request: {
      readonly balancer: SharedBalancer;
      readonly host: string;
      readonly path: string;
      readonly expect: 'exactly-200' | 'rack-codes';
    },
    signal: AbortSignal,
  ): Promise<EndpointCheck>;
  /** Asks any one address of a balancer, of the old app or the rack, for `host`; never throws for what it answers. */
  probe(
    request: {
      readonly side: 'new' | 'old';
      readonly dnsName: string;
      readonly host: string;
      readonly path: string;
    },
    signal: AbortSignal,
  ): Promise<ProbeSample>;
  /** Requests at the new app's target groups and the old balancers. */
  traffic(request: TrafficSources & TrafficWindow, signal: AbortSignal): Promise<TrafficFacts>;
  /** Requests at old balancers since then, as far as there are figures; the newest minute or two may still lack some. */
  oldTraffic(
    request: { readonly oldBalancers: readonly OldBalancer[]; readonly sinceMs: number },
    signal: AbortSignal,
  ): Promise<{ readonly requests: number; /** In words, with the figures. */ readonly says: string }>;
  /** Requests minute by minute since then, as far as there are figures. */
  trafficByMinute(
    request: TrafficSources & { readonly sinceMs: number },
    signal: AbortSignal,
  ): Promise<readonly TrafficMinute[]>;
  /** Whether an app that is not there yet fits beside what the rack's balancers hold. */
  balancerRoom(request: FutureApp, signal: AbortSignal): Promise<BalancerRoom>;
}
