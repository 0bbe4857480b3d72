import type { AccountingEntry } from './accounting.ts';
import type { Decision } from './decisions.ts';
import type { Finding } from './finding.ts';

/** What is known of the app that runs; everything but its name may be left out. Never a value of its environment. */
export interface RunningApp {
  readonly name: string;
  /** Count, cpu shares and memory in MB by service, as `GET /apps/APP/formation` gives them; count -1 is disabled. */
  readonly formation?: Readonly<
    Record<string, { readonly count: number; readonly cpu: number; readonly memory: number }>
  >;
  /** The names of all variables of the app environment. */
  readonly envNames?: readonly string[];
  /** Parameters of the app's stack: `Internal`, `WebPort443Listener`, `TaskRole`, … */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Domain names on the certificates of the service's balancer, by service. */
  readonly certificates?: Readonly<Record<string, readonly string[]>>;
  /** Names in DNS that point at the service's balancer, by service. */
  readonly dnsNames?: Readonly<Record<string, readonly string[]>>;
}

export interface TargetRack {
  /** The version the new app will be built on: `20171213132441`. */
  readonly version: string;
  /** The version the old app runs on, if the rack is updated in between; default `version`. */
  readonly sourceVersion?: string;
  /** The rack parameter Internal; undefined if it is not known. */
  readonly internal?: boolean;
}

export interface ConvertOptions {
  /** The text of docker-compose.yml. */
  readonly compose: string;
  /** Its name in findings; default docker-compose.yml. */
  readonly file?: string;
  readonly app?: RunningApp;
  /** Default: the newest rack version known, with a finding that says so. */
  readonly rack?: TargetRack;
  /** Answers by decision id, as `readAnswers` gives them. */
  readonly answers?: Readonly<Record<string, string>>;
  /** Domains by service; they win over `app.dnsNames`. */
  readonly domains?: Readonly<Record<string, readonly string[]>>;
}

export interface Conversion {
  /** The text of convox.yml; undefined if a blocker stands in the way. */
  readonly manifest: string | undefined;
  readonly findings: readonly Finding[];
  /** What became of each key of the input. */
  readonly accounting: readonly AccountingEntry[];
  /** The questions that arose, with what was chosen. */
  readonly decisions: readonly Decision[];
  /** For each service with domains the app variable its `domain` comes from. */
  readonly domainVariables: Readonly<Record<string, string>>;
  /** For each of these variables the value to set: domain names with commas between. */
  readonly domainValues: Readonly<Record<string, string>>;
}
