import { probe, type ProbeAnswer } from './http-probe.ts';
import { publicNetwork, type Network } from './network.ts';

export interface CheckHealthPathOptions {
  /** A balancer that hands on any `Host`: the old app's classic one. */
  readonly balancerDnsName: string;
  /** 80 or 443, whichever its listener has. */
  readonly port: 80 | 443;
  readonly path: string;
  /** The address in the `Host` header; default 10.0.0.1. */
  readonly asAddress?: string;
  readonly network?: Network;
  readonly timeoutMs?: number;
}

export interface HealthPathReport {
  /** True for exactly 200: what racks before 20180412033556 demand; newer ones also take 200–399 and 401. */
  readonly isStrictlyHealthy: boolean;
  readonly status?: number;
  readonly says: string;
}

/**
 * Asks the running old app its future health check: GET with an address as `Host`, no redirect followed, as a balancer
 * does. An app that redirects to its domain or refuses unknown hosts fails it, and would never become healthy.
 */
export async function checkHealthPath(
  { balancerDnsName, port, path, asAddress = '10.0.0.1', network = publicNetwork(), timeoutMs }: CheckHealthPathOptions,
  signal: AbortSignal,
): Promise<HealthPathReport> {
  const [address] = await network.lookup(balancerDnsName, signal);
  if (address === undefined) {
    return { isStrictlyHealthy: false, says: `${balancerDnsName} has no address here` };
  }
  const answer = await probe(
    {
      scheme: port === 443 ? 'https' : 'http',
      address,
      port: network.port(port),
      host: asAddress,
      // An address cannot be asked for in TLS.
      servername: '',
      path,
      headers: { 'User-Agent': 'ELB-HealthChecker/2.0' },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    },
    signal,
  );
  return report(path, answer);
}

function report(path: string, answer: ProbeAnswer): HealthPathReport {
  if (answer.kind === 'unreachable') return { isStrictlyHealthy: false, says: `GET ${path}: ${answer.reason}` };
  const { status, headers } = answer;
  if (status === 200) return { isStrictlyHealthy: true, status, says: `GET ${path} as the balancer asks: HTTP 200` };
  const to = status >= 300 && status < 400 ? ` to ${headers['location'] ?? 'nowhere'}` : '';
  const hint = status === 400 ? ' (does it refuse hosts it does not know?)' : '';
  return { isStrictlyHealthy: false, status, says: `GET ${path} as the balancer asks: HTTP ${status}${to}${hint}` };
}
