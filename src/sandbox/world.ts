/**
 * The sandbox's world: one object that every part of it works on. The parts below are the contracts between them;
 * each is implemented in the folder named beside it, and `sandbox.ts` puts them together.
 *
 *   rack-api/   the Rack HTTP API           ─┐
 *   aws/        the AWS endpoint             ├─ reached over the network
 *   network/    DNS, balancers, app tasks   ─┘
 *   stacks/     CloudFormation, the templates of racks and apps, ECS
 */
import type { Counters } from './counters.ts';
import type { Faults } from './faults.ts';
import type { Certificate, CertificateMail } from './model/certificates.ts';
import type { EcsService, Task, TaskDefinition } from './model/compute.ts';
import type { HostedZone, RecordSet, ZoneChange } from './model/dns.ts';
import type { ClassicBalancer, Listener, LoadBalancer, Rule, TargetGroup } from './model/load-balancing.ts';
import type { Stack, StackRequest, StackTemplate } from './model/stacks.ts';
import type { Random } from './random.ts';
import type { SandboxSettings } from './settings.ts';
import type { SimClock } from './sim-clock.ts';

export interface World {
  readonly settings: SandboxSettings;
  readonly clock: SimClock;
  readonly random: Random;
  readonly counters: Counters;
  readonly faults: Faults;
  readonly cloudFormation: CloudFormation;
  readonly balancing: Balancing;
  readonly compute: Compute;
  readonly acm: Acm;
  /** IAM server certificates by ARN: listeners can use them, ACM does not know them. */
  readonly serverCertificates?: Map<string, Certificate>;
  readonly route53: Route53;
  readonly metrics: Metrics;
  readonly dataPlane: DataPlane;
}

/** stacks/ — asynchronous stacks with events, dependencies, rollback and nested stacks. */
export interface CloudFormation {
  /** Starts creating; throws AwsRefusal `AlreadyExistsException` when a live stack has the name. Returns the ARN. */
  createStack(request: StackRequest): string;
  /** Starts updating; throws `ValidationError` "… can not be updated" or "No updates are to be performed." */
  updateStack(nameOrArn: string, template: StackTemplate, parameters: ReadonlyMap<string, string>): void;
  /** Starts deleting; throws `ValidationError` when termination protection is on. Unknown names are accepted, as by AWS. */
  deleteStack(nameOrArn: string): void;
  cancelUpdate(nameOrArn: string): void;
  /** By ARN also deleted ones (as for 90 days at AWS); by name only live ones. */
  find(nameOrArn: string): Stack | undefined;
  list(): readonly Stack[];
  /** Makes the next operation on the resource fail with `reason` (a fault). */
  failNext(stackName: string, logicalId: string, reason: string): void;
}

/** aws/ holds the stores; stacks/ changes them; network/ serves them. */
export interface Balancing {
  readonly loadBalancers: Map<string, LoadBalancer>;
  readonly targetGroups: Map<string, TargetGroup>;
  /** By name. */
  readonly classic: Map<string, ClassicBalancer>;
  findListener(arn: string): Listener | undefined;
  findRule(arn: string): Rule | undefined;
  /** A new active balancer with addresses that the data plane serves from now on. */
  createLoadBalancer(
    spec: Pick<LoadBalancer, 'name' | 'scheme'> & { tags?: ReadonlyMap<string, string> },
  ): LoadBalancer;
  deleteLoadBalancer(arn: string): void;
  createListener(spec: Omit<Listener, 'arn' | 'rules' | 'certificateArns'>): Listener;
  deleteListener(arn: string): void;
  /** Adds an SNI certificate; throws AwsRefusal `TooManyCertificates` (25 per balancer) or `UnsupportedCertificate`. */
  addListenerCertificate(listenerArn: string, certificateArn: string): void;
  removeListenerCertificate(listenerArn: string, certificateArn: string): void;
  /** Throws AwsRefusal `PriorityInUse` / `TooManyRules` (100 per balancer). */
  createRule(spec: Omit<Rule, 'arn'>): Rule;
  deleteRule(arn: string): void;
  createTargetGroup(
    spec: Pick<
      TargetGroup,
      'name' | 'protocol' | 'port' | 'healthCheck' | 'deregistrationDelaySeconds' | 'stickiness'
    > & {
      tags?: ReadonlyMap<string, string>;
    },
  ): TargetGroup;
  deleteTargetGroup(arn: string): void;
  createClassic(
    spec: Pick<ClassicBalancer, 'name' | 'scheme' | 'listeners' | 'healthCheck' | 'drainingSeconds' | 'idleSeconds'> & {
      tags?: ReadonlyMap<string, string>;
    },
  ): ClassicBalancer;
  deleteClassic(name: string): void;
}

/** stacks/ decides what should run; network/ runs it. */
export interface Compute {
  readonly services: Map<string, EcsService>;
  createService(
    spec: Pick<
      EcsService,
      | 'app'
      | 'service'
      | 'desiredCount'
      | 'minimumPercent'
      | 'maximumPercent'
      | 'graceSeconds'
      | 'taskDefinition'
      | 'targetGroupArns'
      | 'classicBalancerNames'
    >,
  ): EcsService;
  /** Rolling deployment: new tasks start within the percentages, old ones drain and stop. */
  updateService(id: string, change: { taskDefinition?: TaskDefinition; desiredCount?: number }): void;
  /** True when running = desired, all of the current task definition, all targets healthy or none registered. */
  isStable(id: string): boolean;
  /** Drains and stops all tasks; resolves when they have stopped. */
  deleteService(id: string): Promise<void>;
  tasks(): readonly Task[];
  /** Drains and stops one task; its service starts another. False when there is no such task. */
  stopTask?(id: string): boolean;
}

/** aws/ — certificates and their mails. */
export interface Acm {
  readonly certificates: Map<string, Certificate>;
  readonly mails: CertificateMail[];
  request(spec: {
    readonly domainName: string;
    readonly names: readonly string[];
    readonly method: 'EMAIL' | 'DNS';
    /** Validation domain by name, for mail. */
    readonly validationDomains?: ReadonlyMap<string, string>;
    readonly idempotencyToken?: string;
    readonly tags?: ReadonlyMap<string, string>;
    /** Default RSA_2048. */
    readonly keyAlgorithm?: Certificate['keyAlgorithm'];
  }): Certificate;
  /** What the person who got the mail does; issues the certificate once every domain is approved. */
  approve(mailId: string): void;
  /** What somebody who did not ask for the certificate does: it ends as FAILED, `DOMAIN_VALIDATION_DENIED`. */
  deny(mailId: string): void;
  /** Sends the mail of one domain again; throws `InvalidStateException`, `InvalidDomainValidationOptionsException`. */
  resend(arn: string, domain: string, validationDomain: string): void;
  /** A switch: requests naming the domain end as FAILED with this FailureReason, e.g. `NO_AVAILABLE_CONTACTS`. */
  readonly failures: Map<string, string>;
  /** PEM of the authority that signs every certificate of this world. */
  readonly caPem: string;
  /** Throws AwsRefusal `ResourceInUseException` while a listener uses it. */
  delete(arn: string): void;
  /** ARNs of the balancers that use it. */
  usedBy(arn: string): readonly string[];
  /** A certificate issued at once, e.g. the rack's own `*.<host>.convox.site`. */
  issueNow(names: readonly string[], tags?: ReadonlyMap<string, string>): Certificate;
}

export interface RecordChange {
  readonly action: 'CREATE' | 'DELETE' | 'UPSERT';
  readonly recordSet: RecordSet;
}

/** aws/ — hosted zones with Route 53's own rules about what may stand beside what. */
export interface Route53 {
  readonly zones: Map<string, HostedZone>;
  readonly changes: Map<string, ZoneChange>;
  createZone(spec: { name: string; isPrivate: boolean; vpcIds?: readonly string[]; comment?: string }): HostedZone;
  /** Validates the whole batch, applies all or nothing. Throws AwsRefusal `InvalidChangeBatch` and others. */
  change(zoneId: string, changes: readonly RecordChange[], comment?: string): ZoneChange;
  /**
   * What an authoritative server answers from: the state as this server has it (a change reaches servers one by one
   * until it is INSYNC). `server` is one of the zone's name servers; undefined = the slowest of them.
   */
  servedBy(zoneId: string, server: string | undefined): readonly RecordSet[];
  /** Calls `listener` with the zone's id each time a change of it is INSYNC. */
  onInSync(listener: (zoneId: string) => void): void;
}

export interface MetricPoint {
  readonly at: number;
  readonly value: number;
}

/** aws/ — CloudWatch. The data plane counts into it; points of a minute appear `metricDelayMs` after its end. */
export interface Metrics {
  /** Adds to the minute that `clock.now()` is in. Dimensions as AWS names them. */
  add(namespace: string, name: string, dimensions: Readonly<Record<string, string>>, value: number): void;
  read(
    namespace: string,
    name: string,
    dimensions: Readonly<Record<string, string>>,
    range: {
      readonly fromMs: number;
      readonly toMs: number;
      readonly periodSeconds: number;
      readonly statistic: string;
    },
  ): readonly MetricPoint[];
  /** Every metric that has been counted into. */
  series(): readonly {
    readonly namespace: string;
    readonly name: string;
    readonly dimensions: Readonly<Record<string, string>>;
  }[];
}

/** network/ — what really listens. */
export interface DataPlane {
  /** Loopback addresses for one balancer (one per zone). */
  allocateAddresses(count: number): string[];
  /** Starts to serve a balancer's listeners; called again after they changed. */
  serve(balancer: LoadBalancer | ClassicBalancer): void;
  /** Stops to serve a balancer; open connections are closed. */
  remove(balancer: LoadBalancer | ClassicBalancer): void;
  /** The port numbers that stand for 80 and 443 on every balancer's addresses; known once the data plane is started. */
  ports(): { readonly 80: number; readonly 443: number };
}

/** A refusal with AWS's own code and text; the AWS endpoint turns it into the service's wire format. */
export class AwsRefusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'AwsRefusal';
    this.code = code;
    this.status = status;
  }
}
