import { probe, type ProbeAnswer } from './http-probe.ts';
import { publicNetwork, type Network } from './network.ts';

export interface CompareEndpointsOptions {
  readonly host: string;
  readonly path?: string;
  readonly oldBalancerDnsName: string;
  readonly newBalancerDnsName: string;
  readonly scheme?: 'http' | 'https';
  /** Compared beside status and body; default: those below. */
  readonly headers?: readonly string[];
  readonly network?: Network;
  readonly timeoutMs?: number;
}

/** One thing the two sides differ in. */
export interface EndpointDifference {
  readonly field: string;
  readonly old: string;
  readonly new: string;
}

export interface EndpointComparison {
  readonly host: string;
  readonly path: string;
  readonly differences: readonly EndpointDifference[];
}

const DEFAULT_HEADERS = ['content-type', 'location', 'cache-control', 'strict-transport-security'] as const;

/** Asks old and new for the same page and tells in what they differ: status, chosen headers, the body's fingerprint. */
export async function compareEndpoints(
  options: CompareEndpointsOptions,
  signal: AbortSignal,
): Promise<EndpointComparison> {
  const { host, path = '/', headers = DEFAULT_HEADERS } = options;
  const [before, after] = await Promise.all([
    ask(options, options.oldBalancerDnsName, signal),
    ask(options, options.newBalancerDnsName, signal),
  ]);
  const fields: readonly (readonly [string, (answer: ProbeAnswer) => string])[] = [
    ['status', (answer) => (answer.kind === 'answer' ? String(answer.status) : answer.reason)],
    ...headers.map(
      (name) =>
        [name, (answer: ProbeAnswer) => (answer.kind === 'answer' ? (answer.headers[name] ?? '') : '')] as const,
    ),
    [
      'body',
      (answer) => (answer.kind === 'answer' ? `${answer.bodyBytes} bytes ${answer.bodySha256.slice(0, 12)}` : ''),
    ],
  ];
  const differences = fields
    .map(([field, read]) => ({ field, old: read(before), new: read(after) }))
    .filter((pair) => pair.old !== pair.new);
  return { host, path, differences };
}

async function ask(
  { host, path = '/', scheme = 'https', network = publicNetwork(), timeoutMs }: CompareEndpointsOptions,
  balancerDnsName: string,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const [address] = await network.lookup(balancerDnsName, signal);
  if (address === undefined)
    return { kind: 'unreachable', address: '', reason: `${balancerDnsName} has no address here` };
  const port = network.port(scheme === 'https' ? 443 : 80);
  return probe({ scheme, address, port, host, path, ...(timeoutMs === undefined ? {} : { timeoutMs }) }, signal);
}
