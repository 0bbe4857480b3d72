import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ProgramReply } from '../../model/compute.ts';
import type { Target } from '../../model/load-balancing.ts';
import { afterRunning } from '../patient-timer.ts';

/** More addresses than this in X-Forwarded-For: 463 (Elastic Load Balancing, "Troubleshoot your ALB"). */
export const MAX_FORWARDED_ADDRESSES = 30;

export interface Arrival {
  readonly scheme: 'http' | 'https';
  /** The listener's port as the world knows it: 80 or 443. */
  readonly port: number;
}

export type Forwarded =
  | { readonly outcome: 'answered'; readonly reply: ProgramReply }
  | { readonly outcome: 'bad-gateway' }
  | { readonly outcome: 'gateway-timeout' };

export function countForwardedAddresses(request: IncomingMessage): number {
  const header = request.headers['x-forwarded-for'];
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  return text === '' ? 0 : text.split(',').length;
}

/** Sends the request on to a target and waits at most `timeoutMs` (real) for the answer. */
export async function forward(
  request: IncomingMessage,
  target: Target,
  arrival: Arrival,
  timeoutMs: number,
): Promise<Forwarded> {
  if (target.process === undefined) return { outcome: 'bad-gateway' };
  let cancel = (): void => undefined;
  const timeout = new Promise<Forwarded>((resolve) => {
    cancel = afterRunning(timeoutMs, () => resolve({ outcome: 'gateway-timeout' }));
  });
  const answer = target.process
    .answer({ method: request.method ?? 'GET', path: request.url ?? '/', headers: forwardedHeaders(request, arrival) })
    .then(
      (reply): Forwarded => ({ outcome: 'answered', reply }),
      (): Forwarded => ({ outcome: 'bad-gateway' }),
    );
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    cancel();
  }
}

function forwardedHeaders(request: IncomingMessage, { scheme, port }: Arrival): IncomingMessage['headers'] {
  const headers = { ...request.headers };
  const before = headers['x-forwarded-for'];
  const client = request.socket.remoteAddress ?? '127.0.0.1';
  headers['x-forwarded-for'] = before === undefined || before === '' ? client : `${String(before)}, ${client}`;
  headers['x-forwarded-proto'] = scheme;
  headers['x-forwarded-port'] = String(port);
  return headers;
}

const TITLES: Readonly<Record<number, string>> = {
  301: 'Moved Permanently',
  463: 'Client Error',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

/** An answer that the balancer makes itself. */
export function writeOwnAnswer(
  response: ServerResponse,
  status: number,
  { server, headers = {} }: { readonly server: string; readonly headers?: Readonly<Record<string, string>> },
): void {
  const title = `${status} ${TITLES[status] ?? 'Error'}`;
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  response.writeHead(status, {
    Server: server,
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
