/** How much a finding asks of its reader: to know, to expect, to choose, or to act before anything can go on. */
export type Severity = 'info' | 'change' | 'choice' | 'blocker';

/** Every code a finding about a manifest can carry, with the sentence that explains it (also the SARIF rule text). */
export const FINDING_CODES = {
  // the file itself
  'parse-error': 'The file cannot be read as the rack would read it.',
  'alias-limit': 'YAML aliases expand to more than a manifest can reasonably hold.',
  'version-rejected': 'The version of the file is one that generation 1 racks refuse.',
  'validation-error': 'A generation 1 rack would refuse to build this manifest.',
  'duplicate-key': 'A key is written twice; racks use the last one and ignore the others.',
  'ignored-key': 'The key never had an effect on the rack.',
  'ignored-document': 'Racks read only the first YAML document of a file.',
  'interpolation-changed': 'A variable in the text is resolved differently in generation 2.',
  'unaccounted-key': 'The converter did not look at a key: a defect of the converter.',
  // rack
  'rack-version': 'The rack version is unknown, or too old for generation 2.',
  'internal-needs-rack': 'Internal services need the internal balancer of the rack.',
  // names
  'name-invalid': 'A service name that generation 2 does not accept.',
  // ports
  'port-choice': 'Several container ports could be the one HTTP port of the service.',
  'port-dropped': 'A port of the service has no counterpart in generation 2.',
  'port-not-http': 'The port does not speak HTTP, or nobody said that it does.',
  'nlb-needs-rack': 'A TCP port goes through a network balancer that the rack must have switched on.',
  udp: 'UDP ports exist in generation 2 only on agents.',
  'public-port-changed': 'A public port moves to 80 and 443.',
  'internal-port-changed': 'Callers of an internal service use a new host name and port 443.',
  'listener-added': 'The shared balancer serves 80 and 443; the old one served only one of them.',
  'mixed-internal': 'A single port number makes the whole service internal, its port pairs included.',
  'proxy-protocol': 'Generation 2 does not send PROXY protocol.',
  'tls-backend': 'The container may speak TLS itself.',
  'protocol-tcp-to-http': 'A raw TCP or TLS listener becomes an HTTP proxy.',
  'balancer-disabled': 'Ports published on hosts without a balancer are not published any more.',
  'balancer-name': 'The balancer is shared and cannot be named.',
  // health
  'health-default': 'No health path was declared; generation 2 always asks one.',
  'health-port': 'The health check goes to the service port.',
  'health-threshold': 'Health thresholds are fixed in generation 2.',
  'health-interval-adjusted': 'The health numbers were moved into the range that AWS accepts.',
  'health-grace': 'The start-up grace of the health check.',
  // environment
  'env-undeclared': 'Variables of the app that the manifest does not declare.',
  'env-required-missing': 'A variable named without a value is not in the app environment.',
  'env-equals-default': 'A default value that contains "=" is lost on this rack.',
  'env-empty-default': 'A variable with an empty default was unset in generation 1 and would be empty in generation 2.',
  'env-secure': 'The secure environment mechanism does not exist in generation 2.',
  'env-reserved': 'A variable whose name the rack keeps for itself.',
  'env-process': 'PROCESS, set by generation 1 to the service name, does not exist in generation 2.',
  'env-duplicate': 'A variable is declared twice in one service.',
  // links
  'link-url-changed': 'The URL of a link changes its scheme, host and port.',
  'link-vars-lost': 'Variables of a link other than its URL disappear.',
  'link-no-http': 'A link to a service that generation 2 cannot reach.',
  'link-circular': 'Services link to each other in a circle.',
  'link-overrides-dropped': 'LINK_ variables have no meaning in generation 2.',
  // databases
  'resource-created': 'A database container becomes a new resource of the rack.',
  'resource-external': 'A database container is left out; its URL comes from the app environment.',
  'resource-type-unsupported': 'The rack has no resource of this type.',
  'resource-shadowed-by-env': 'The app environment has the URL of the resource, and wins over it.',
  'data-not-migrated': 'Data in a container or volume is not carried over.',
  // build and commands
  'build-args': 'Build arguments come from the app environment in generation 2.',
  'dockerfile-unsupported': 'This rack builds only from a file called Dockerfile.',
  'entrypoint-lost': 'Generation 2 has no entrypoint.',
  'command-list-to-string': 'A command written as a list becomes a shell string on this rack.',
  'command-unsafe-on-rack': 'This rack mangles characters of the command.',
  'command-unmangled': 'Generation 1 changed characters of this command; generation 2 does not.',
  'extra-hosts': 'Entries of /etc/hosts cannot be declared in generation 2.',
  // timers
  'timer-renamed': 'Timer names are unique in the app.',
  'timer-schedule-invalid': 'AWS or the rack refuses the schedule.',
  'timer-env-missing': 'Timers get no link and resource variables on this rack.',
  'timer-lost': 'A scheduled command belongs to a service that is left out.',
  // volumes
  'volume-moved': 'The directory behind a volume changes; data is not there.',
  'volume-dropped': 'A volume entry that generation 1 ignored.',
  'host-path-unsupported': 'A real host path that this rack does not mount.',
  'host-path-exposed': 'A directory of the app would become a real path of the host.',
  // scale
  'scale-from-formation': 'Count, cpu and memory are those of the running app.',
  'scale-from-manifest': 'Limits that had no effect on the rack become the initial scale.',
  'scale-ignored-on-rack': 'This rack ignores cpu and memory in the manifest.',
  'service-disabled': 'The service is scaled to -1: disabled.',
  // balancer behaviour and deployment
  drain: 'How long connections are drained.',
  deployment: 'How many tasks run during a deployment.',
  'idle-timeout': 'The idle timeout belongs to the rack.',
  sticky: 'Sessions stick to a task by a cookie unless switched off.',
  // agents
  agent: 'One task on each instance.',
  'agent-ports': 'Host ports of an agent.',
  'privileged-unsupported': 'This rack ignores privileged.',
  // outside of the manifest
  'domain-needed': 'The service has names of its own.',
  'app-parameter': 'A parameter of the app has no counterpart in the manifest.',
  // answers
  'answer-invalid': 'An answer that cannot be used.',
  'answer-unused': 'An answer to a question that was not asked.',
  // convox.yml
  'unknown-key': 'The rack ignores a key it does not know.',
  'leftover-key': 'A generation 1 key that generation 2 ignores.',
  'feature-missing': 'The rack is older than a feature the manifest uses.',
  'unknown-service': 'A name that is not a service of the manifest.',
  'unknown-resource': 'A name that is not a resource of the manifest.',
  'duplicate-name': 'Two entries of one name.',
  'health-numbers': 'AWS refuses the health check numbers.',
  'env-default-lost': 'The rack drops a default value.',
  'env-not-string': 'The rack drops an entry that is not text.',
  'value-ignored': 'The rack ignores a value of this form.',
  'domain-unset': 'The domain comes from a variable that is not set.',
  'domain-list-variable': 'A domain list built from variables breaks when one is empty.',
  'merge-key': 'YAML merge keys are not honoured by every rack.',
  // sources
  'proxy-host-header': 'A proxy forwards the original Host to a balancer that routes by Host.',
  'proxy-forwarded-for': 'A proxy appends to X-Forwarded-For behind a balancer that has done so.',
  'proxy-scheme': 'A proxy or app redirects to https without knowing that TLS ended at the balancer.',
  'dockerfile-arg': 'A build argument is filled from the app environment.',
  'link-variable-read': 'The source reads a link variable that disappears.',
  'host-allow-list': 'A framework refuses requests for hosts it does not know, the health check among them.',
  'secure-environment-tool': 'The source fetches the secure environment that does not exist in generation 2.',
  'source-limit': 'Some files were not checked.',
} as const satisfies Record<string, string>;

export type FindingCode = keyof typeof FINDING_CODES;

/** One thing the reader should know about a manifest or its sources; `line` and `column` start at 1. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** The service, as the file calls it. */
  readonly service?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** What was found and what happens. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  /** The key in the answers file that settles this finding, if one can. */
  readonly decision?: string;
}

/** A place in a file: a logical path (`services.web.ports[0]`), line and column from 1. */
export interface Place {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

export interface FindingDetails {
  readonly service?: string | undefined;
  readonly at?: Place | undefined;
  readonly message: string;
  readonly hint: string;
  readonly decision?: string | undefined;
}

/** Collects findings about one file. */
export class FindingList {
  readonly #file: string | undefined;
  readonly #findings: Finding[] = [];

  constructor(file?: string) {
    this.#file = file;
  }

  add(severity: Severity, code: FindingCode, { service, at, message, hint, decision }: FindingDetails): void {
    this.#findings.push({
      code,
      severity,
      ...(service === undefined ? {} : { service }),
      ...(this.#file === undefined ? {} : { file: this.#file }),
      ...(at === undefined ? {} : { line: at.line, column: at.column }),
      message,
      hint,
      ...(decision === undefined ? {} : { decision }),
    });
  }

  /** True if one of the findings is a blocker. */
  blocks(): boolean {
    return this.#findings.some((finding) => finding.severity === 'blocker');
  }

  /** The findings in the order of the file; those without a place come last. */
  list(): readonly Finding[] {
    return sortFindings(this.#findings);
  }
}

/** Findings by file, line and column; equal places keep their order. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return findings.toSorted(
    (a, b) =>
      byText(a.file ?? '', b.file ?? '') ||
      (a.line ?? Infinity) - (b.line ?? Infinity) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      0,
  );
}
