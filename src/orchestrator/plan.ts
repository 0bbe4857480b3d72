/** What a plan holds: what was found, what will be done, and what it costs. Plain data, without secrets. */
import type { Phase } from './events.ts';
import type { ApprovedPlan } from './plan-basis.ts';
import type {
  BalancerRole,
  CertificateForecast,
  DomainRecord,
  OldBalancer,
  SharedBalancer,
  SwitchPlan,
  TextMap,
} from './ports.ts';

/** What the user asks for; everything else is found out. */
export interface MigrationSettings {
  readonly app: string;
  /** Folder with the app's source: `docker-compose.yml`, and `convox.yml` if it was written already. */
  readonly sourceFolder: string;
  /** Name of the temporary gen-2 app; default: one that clashes with nothing. */
  readonly temporaryApp?: string | undefined;
  /** `commit` gives the old name back; `keep` ends after cutover with the temporary app as the app. Default commit. */
  readonly finish?: 'commit' | 'keep' | undefined;
  /** Update the rack to this version first. */
  readonly updateRackTo?: string | undefined;
  /** Shares of DNS answers for the new app, in percent; default all at once. */
  readonly stagePercents?: readonly number[] | undefined;
  /** ms between two stages; default 5 minutes. */
  readonly bakeMs?: number | undefined;
  /** Share of wrong answers, in percent above the old app's, that sends the traffic back; default 1. */
  readonly maxErrorPercent?: number | undefined;
  /** Four of five answers must come within so many ms; default: three times the old app's time, at least 1 s. */
  readonly maxLatencyMs?: number | undefined;
  /** Share of each service's targets that must be healthy, in percent; default 50. */
  readonly minHealthyPercent?: number | undefined;
  /** What both apps are asked for while traffic moves; default: each service's health path, and `/`. */
  readonly probePath?: string | undefined;
  /** How long requests that still come to the old balancers hold the migration up, ms; default 75 minutes. */
  readonly oldTrafficWaitMs?: number | undefined;
  /** What becomes of `http://` where the rack would redirect it and the old app answers it; default `keep`. */
  readonly plainHttp?: 'keep' | 'redirect' | undefined;
  /** Health codes accepted by verification: exactly 200, or what the rack itself accepts. Default exactly-200. */
  readonly healthCodes?: 'exactly-200' | 'rack-codes' | undefined;
  /** Domains by service, in addition to those found in Route 53. */
  readonly domains?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Text of an answers file for the conversion of the manifest. */
  readonly answers?: string | undefined;
  /** How long to wait for a person to approve certificate mail, ms; default 11 h (CloudFormation gives up after about 12 h). */
  readonly certificateTimeoutMs?: number | undefined;
  /** Public age keys the old app's environment is exported for; default: its values are not exported. */
  readonly exportKeys?: readonly string[] | undefined;
  /** Prices in place of the list prices the plan knows, US dollars a month. */
  readonly prices?: Partial<Prices> | undefined;
  /** The plan that was agreed to; where the world is another one by now, nothing begins (`PLAN_DRIFTED`). */
  readonly approvedPlan?: ApprovedPlan | undefined;
  /** Shown in the plan when the rack's certificate is not verified. */
  readonly tlsNotice?: string | undefined;
}

export type Severity = 'blocker' | 'warning' | 'decision' | 'info';

export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly hint: string;
  /** `docker-compose.yml:12:5`, `service web`, … */
  readonly where?: string | undefined;
}

/** A service of the new app. */
export interface PlannedService {
  readonly name: string;
  /** Undefined for a worker. */
  readonly port: number | undefined;
  readonly healthPath: string;
  readonly role: BalancerRole;
  readonly domains: readonly string[];
  /** Seconds its requests get to finish when a task goes away; undefined in executions that were begun before it was read. */
  readonly drainSeconds: number | undefined;
  /** Variable its `domain:` comes from; undefined when domains are literal in the manifest. */
  readonly domainVariable: string | undefined;
}

/** What the procedure knows of the world when it begins; written down as the result of step `assess`. */
export interface Assessment {
  readonly rack: { readonly name: string; readonly version: string; readonly region: string; readonly account: string };
  readonly app: string;
  readonly temporaryApp: string;
  readonly old: {
    readonly stackArn: string;
    readonly release: string;
    readonly parameters: TextMap;
    readonly environmentNames: readonly string[];
    /** Equal for equal environments of this very app; tells no value. */
    readonly environmentFingerprint: string;
    readonly balancers: readonly OldBalancer[];
    /** Their connection draining by service, seconds; undefined in executions that were begun before it was read. */
    readonly drainingSeconds: Readonly<Record<string, number>> | undefined;
    /** Rack resources linked to it. */
    readonly links: readonly string[];
  };
  /** Text of the convox.yml that is deployed, and where it came from. */
  readonly manifest: {
    readonly text: string;
    readonly origin: 'source' | 'converted';
    /** The file in the source it was read or converted from, and its SHA-256. */
    readonly file: string;
    readonly fingerprint: string;
  };
  readonly services: readonly PlannedService[];
  /** Port 80 is answered by the app as before, where the rack would redirect it to HTTPS. */
  readonly keepsHttp: boolean;
  readonly needsInternal: boolean;
  readonly internalEnabled: boolean;
  readonly balancers: Readonly<Partial<Record<BalancerRole, SharedBalancer>>>;
  readonly records: readonly DomainRecord[];
  readonly dns: Pick<SwitchPlan, 'changes' | 'notices' | 'refused'>;
  readonly certificates: readonly CertificateForecast[];
  readonly cost: CostForecast;
  /** What deleting the old app destroys. */
  readonly destroys: readonly string[];
}

/** US dollars for one, for a month of 730 hours. */
export interface Prices {
  readonly classicBalancer: number;
  readonly applicationBalancer: number;
  readonly publicAddress: number;
}

/** US dollars a month. */
export interface CostForecast {
  readonly before: number;
  readonly after: number;
  /** Where and when the prices are from. */
  readonly pricesOf: string;
  readonly says: string;
}

export interface PlannedStep {
  readonly id: string;
  readonly phase: Phase;
  readonly title: string;
  readonly state: 'todo' | 'done';
  /** What it will do, in one line a person can approve. */
  readonly says: string;
  /** Rough duration in ms. */
  readonly expectedMs: number;
  readonly isGate: boolean;
  readonly canBeUndone: boolean;
}

export interface Plan {
  readonly app: string;
  readonly rack: { readonly name: string; readonly version: string };
  readonly findings: readonly Finding[];
  /** Absent when blockers kept it from being finished. */
  readonly assessment: Assessment | undefined;
  readonly steps: readonly PlannedStep[];
}
