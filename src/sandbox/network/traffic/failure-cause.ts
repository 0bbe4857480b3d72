/**
 * Why a request failed, in a word: `dns`, `connect` (refused), `reset`, `tls`, `timeout`; answers that are no success
 * are `status 503` and the like, `wrong app` (another app answered) or `no app` (none said who it is).
 */
export interface FailureCause {
  readonly cause: string;
  readonly detail: string;
}

const CONNECT_CODES = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']);
const RESET_CODES = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET', 'HPE_INVALID_EOF_STATE']);
const TLS_CODE = /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_)/;

export class RequestTimeout extends Error {
  readonly code = 'ETIMEDOUT';
}

export function causeOfError(error: unknown): FailureCause {
  // With several addresses tried, the errors of all of them come together; the first says enough.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && 'code' in first && typeof first.code === 'string' ? first.code : '';
  const detail = first instanceof Error ? `${code} ${first.message}`.trim() : String(first);
  if (code === 'EDNS') return { cause: 'dns', detail };
  if (code === 'ETIMEDOUT') return { cause: 'timeout', detail };
  if (CONNECT_CODES.has(code)) return { cause: 'connect', detail };
  if (TLS_CODE.test(code) || detail.includes('before secure TLS connection')) return { cause: 'tls', detail };
  if (RESET_CODES.has(code)) return { cause: 'reset', detail };
  return { cause: 'other', detail };
}

export interface Answer {
  readonly status: number;
  readonly app: string | undefined;
}

/** `expectedApp` stands for itself and its successors, whose names begin with it and a hyphen. */
export function causeOfAnswer({ status, app }: Answer, expectedApp: string): FailureCause | undefined {
  if (status < 200 || status > 299) return { cause: `status ${status}`, detail: app ?? 'balancer' };
  if (app === undefined) return { cause: 'no app', detail: `status ${status}` };
  if (app !== expectedApp && !app.startsWith(`${expectedApp}-`)) return { cause: 'wrong app', detail: app };
  return undefined;
}
