import { probe, type ProbeAnswer, type ServedCertificate } from './http-probe.ts';
import { publicNetwork, type Network } from './network.ts';

/** What the balancer does with requests for a host. */
export type EndpointVerdict = 'serves' | 'no-rule' | 'no-targets' | 'certificate' | 'wrong-status' | 'unreachable';

export interface EndpointReport {
  readonly host: string;
  readonly verdict: EndpointVerdict;
  /** What was seen and, if it is wrong, why that matters: one line for people. */
  readonly says: string;
  /** The HTTPS certificate shown for the host; absent if nothing answered. */
  readonly certificate?: ServedCertificate;
  /** The answer that decided. */
  readonly answer?: Answer;
  /** Port 80, as far as it answers: `redirect` to HTTPS, the app itself, or neither. */
  readonly plainHttp?: 'redirect' | 'same' | 'other' | 'unreachable';
}

type Answer = Extract<ProbeAnswer, { kind: 'answer' }>;

export interface VerifyEndpointOptions {
  /** Where to connect: the rack's balancer, long before DNS leads there. */
  readonly balancerDnsName: string;
  /** The domain, as SNI and `Host`. */
  readonly host: string;
  /** What the service's health check asks for; default `/`. */
  readonly path?: string;
  /** Which status is right; default exactly 200, as racks before 20180412033556 demand. */
  readonly accepts?: (status: number) => boolean;
  /** True: the service is on port 80 alone, without a certificate. Default false. */
  readonly isPlainHttp?: boolean;
  readonly network?: Network;
  /** For each request; default 10 000. */
  readonly timeoutMs?: number;
}

const isOk = (status: number): boolean => status === 200;

/**
 * Asks the balancer for a host as a browser will once DNS leads there: certificate, rule, targets and status, at every one
 * of the balancer's addresses. The verdict is the worst of them.
 */
export async function verifyEndpoint(options: VerifyEndpointOptions, signal: AbortSignal): Promise<EndpointReport> {
  const { balancerDnsName, host, network = publicNetwork(), isPlainHttp = false } = options;
  const addresses = await network.lookup(balancerDnsName, signal);
  if (addresses.length === 0) {
    return { host, verdict: 'unreachable', says: `${host}: balancer ${balancerDnsName} has no address here` };
  }
  const scheme = isPlainHttp ? 'http' : 'https';
  const reports = await Promise.all(
    addresses.map(async (address) => judge(options, await askAddress(options, network, scheme, address, signal))),
  );
  const worst = reports.find(({ verdict }) => verdict !== 'serves') ?? reports[0];
  if (worst === undefined || isPlainHttp) return worst ?? { host, verdict: 'unreachable', says: `${host}: no answer` };
  const plain = await Promise.all(addresses.map((address) => askAddress(options, network, 'http', address, signal)));
  return { ...worst, plainHttp: plainHttpOf(plain[0], worst.answer) };
}

/** One answer of a balancer to one request for a host. */
export interface EndpointSample {
  /** Undefined: no answer. */
  readonly status: number | undefined;
  /** What is wrong whatever the program meant; undefined when the answer is the program's. */
  readonly problem: string | undefined;
  /** Real ms from the connection's beginning to the end of the answer. */
  readonly tookMs: number;
  readonly says: string;
}

export interface SampleEndpointOptions {
  readonly balancerDnsName: string;
  readonly host: string;
  readonly path: string;
  /** False for a balancer of the app's own, whose certificate and answers to other hosts do not matter. */
  readonly isShared: boolean;
  readonly network?: Network;
  readonly timeoutMs?: number;
}

/**
 * Asks one of a balancer's addresses, any of them, for a host: over HTTPS, and a balancer of the app's own that has none
 * over HTTP. Quick and cheap, to be called many times; `verifyEndpoint` looks closer.
 */
export async function sampleEndpoint(options: SampleEndpointOptions, signal: AbortSignal): Promise<EndpointSample> {
  const { balancerDnsName, host, network = publicNetwork(), isShared } = options;
  const addresses = await network.lookup(balancerDnsName, signal);
  const address = addresses[Math.floor(Math.random() * addresses.length)];
  if (address === undefined) {
    const says = `${balancerDnsName} has no address`;
    return { status: undefined, problem: says, tookMs: 0, says };
  }
  const verify = { ...options, network };
  let startedAt = performance.now();
  let seen = await askAddress(verify, network, 'https', address, signal);
  if (!isShared && seen.kind === 'unreachable') {
    startedAt = performance.now();
    seen = await askAddress(verify, network, 'http', address, signal);
  }
  const tookMs = performance.now() - startedAt;
  const { verdict, says } = judge({ balancerDnsName, host, path: options.path, accepts: () => true }, seen);
  const isWrong = isShared ? verdict !== 'serves' : verdict === 'unreachable';
  return {
    status: seen.kind === 'answer' ? seen.status : undefined,
    problem: isWrong ? says : undefined,
    tookMs,
    says: seen.kind === 'answer' && !isWrong ? describeStatus(options, seen) : says,
  };
}

function describeStatus({ host, path }: { readonly host: string; readonly path: string }, answer: Answer): string {
  const location = answer.headers['location'];
  return `${host}${path}: HTTP ${answer.status}${location === undefined ? '' : ` to ${location}`}`;
}

function askAddress(
  { host, path = '/', timeoutMs }: VerifyEndpointOptions,
  network: Network,
  scheme: 'http' | 'https',
  address: string,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const port = network.port(scheme === 'https' ? 443 : 80);
  const ca = network.ca === undefined ? {} : { ca: network.ca };
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  return probe({ scheme, address, port, host, path, ...ca, ...limit }, signal);
}

function judge({ host, path = '/', accepts = isOk }: VerifyEndpointOptions, seen: ProbeAnswer): EndpointReport {
  if (seen.kind === 'unreachable') {
    return { host, verdict: 'unreachable', says: `${host}: ${seen.address} does not answer: ${seen.reason}` };
  }
  const { certificate, status } = seen;
  const facts = { host, answer: seen, ...(certificate === undefined ? {} : { certificate }) };
  if (hasNoRule(seen)) {
    return { ...facts, verdict: 'no-rule', says: `${host}: the balancer has no rule for this host (HTTP ${status})` };
  }
  const problem = certificate === undefined ? undefined : certificateProblem(certificate);
  if (problem !== undefined) return { ...facts, verdict: 'certificate', says: `${host}: ${problem}` };
  if (status === 503 && isBalancersOwn(seen)) {
    return {
      ...facts,
      verdict: 'no-targets',
      says: `${host}: the rule is there, its service has no targets (HTTP 503)`,
    };
  }
  if (!accepts(status)) {
    const where = status >= 300 && status < 400 ? ` to ${seen.headers['location'] ?? 'nowhere'}` : '';
    return {
      ...facts,
      verdict: 'wrong-status',
      says: `${host}${path}: HTTP ${status}${where}, which the health check does not accept`,
    };
  }
  return { ...facts, verdict: 'serves', says: `${host}${path}: HTTP ${status}` };
}

/**
 * True if the balancer knows no rule for the host: a fixed 404 `unknown host` since 20190307224522, before that whatever
 * the Rack API, its default target, answers (convox/rack provider/aws/formation/rack.json, listeners).
 */
function hasNoRule(answer: Answer): boolean {
  const body = answer.bodyStart.trim();
  if (answer.status === 404 && body === 'unknown host') return true;
  if (answer.status === 401) {
    const challenge = answer.headers['www-authenticate'] ?? '';
    return (
      /realm="Convox/i.test(challenge) || body === 'invalid authentication' || body.startsWith('Unable to authenticate')
    );
  }
  // At those versions nothing may be registered behind the default either: then only the rack's own certificate tells.
  const isRacks = answer.certificate !== undefined && isRackCertificate(answer.certificate);
  return isRacks && isBalancersOwn(answer) && answer.status === 503;
}

/** True for the certificate a rack's balancer shows when no other is for the name. */
function isRackCertificate(certificate: Pick<ServedCertificate, 'names'>): boolean {
  return certificate.names.some((name) => name.endsWith('.convox.site'));
}

function certificateProblem(certificate: ServedCertificate): string | undefined {
  if (!certificate.isForName) {
    const names = certificate.names.join(', ') || 'no name';
    return isRackCertificate(certificate)
      ? `the balancer shows the rack's own certificate (${names}): the app's is not attached yet`
      : `the certificate is for ${names}`;
  }
  return certificate.distrust === undefined ? undefined : `the certificate is not trusted: ${certificate.distrust}`;
}

/** Answers a balancer makes itself say so. */
function isBalancersOwn(answer: Answer): boolean {
  return /^awselb\//.test(answer.headers['server'] ?? '');
}

function plainHttpOf(
  plain: ProbeAnswer | undefined,
  secure: Answer | undefined,
): NonNullable<EndpointReport['plainHttp']> {
  if (plain?.kind !== 'answer') return 'unreachable';
  const location = plain.headers['location'] ?? '';
  if (plain.status >= 300 && plain.status < 400 && location.startsWith('https://')) return 'redirect';
  return plain.status === secure?.status ? 'same' : 'other';
}
