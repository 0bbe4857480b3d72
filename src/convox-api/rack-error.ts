import { isAxiosError } from 'axios';
import { MigrationError, stopped } from '../errors.ts';
import { FINGERPRINT_MISMATCH } from './rack-agent.ts';
import { errorText, isUnknownRoute, judge, missingApp } from './rack-words.ts';
import type { Secrets } from './secrets.ts';

/**
 * Whether a failed write reached the rack: `no` = it was never sent or was refused, `unknown` = look before repeating.
 * Kept in `details.landed` of the error.
 */
type Landed = 'no' | 'unknown';

/** What an error message needs to know about the request it is about. */
export interface RequestLabel {
  /** Operation of the client with its subject: `apps.get shop`. */
  readonly what: string;
  readonly rack: string;
  readonly effect: 'read' | 'write';
}

/** What a server's refusal means; `body` is the whole (bounded) text of the answer. */
export function refusal(label: RequestLabel, status: number, body: string, secrets: Secrets): MigrationError {
  const words = errorText(body);
  const verdict = judge(status, body, words);
  const isHtml = /^\s*<(!doctype|html|head|body)/i.test(body);
  const quoted = words === '' || isHtml ? '' : `: "${secrets.quote(words)}"`;
  const landed: Landed = verdict.unclear === true && label.effect === 'write' ? 'unknown' : 'no';
  return new MigrationError(verdict.code, `${label.what} on rack ${label.rack}: HTTP ${status}${quoted}`, {
    hint: verdict.hint,
    retryable: verdict.retryable ?? false,
    details: {
      operation: label.what,
      rack: label.rack,
      status,
      ...(verdict.noChange === true ? { noChange: true } : {}),
      ...(isUnknownRoute(status, body) ? { unknownRoute: true } : {}),
      ...(verdict.code === 'RACK_NOT_FOUND' ? missingApp(words) : {}),
      ...(label.effect === 'write' ? { landed } : {}),
    },
  });
}

/** What the only frame of a websocket means that begins with `ERROR:`, or says that authentication failed. */
export function socketRefusal(label: RequestLabel, frame: string, secrets: Secrets): MigrationError {
  const words = frame.replace(/^ERROR: /, '').trim();
  const isLogin = /^(invalid authentication|Unable to authenticate\.|you are unauthorized)/.test(words);
  const verdict = isLogin ? judge(401, '', words) : judge(500, words, words);
  return new MigrationError(verdict.code, `${label.what} on rack ${label.rack}: "${secrets.quote(words)}"`, {
    hint: verdict.hint,
    retryable: verdict.retryable ?? false,
    details: {
      operation: label.what,
      rack: label.rack,
      ...(verdict.code === 'RACK_NOT_FOUND' ? missingApp(words) : {}),
      ...(label.effect === 'write' ? { landed: 'no' } : {}),
    },
  });
}

// Nothing of the request has left the process when one of these is the reason.
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ERR_PROXY',
  FINGERPRINT_MISMATCH,
]);
const TLS_CODES =
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO|ERR_RACK_FINGERPRINT)/;

/**
 * A failure without an answer, as a MigrationError. Nothing of the original goes along: an axios error carries the
 * password in `config.headers`, and would show it to a logger, to `util.inspect` and to `JSON.stringify`.
 */
export function failure(label: RequestLabel, error: unknown, secrets: Secrets, signal: AbortSignal): MigrationError {
  // What broke while it was being sent (a file of the source) comes wrapped, under the name of the error inside.
  const own = isAxiosError(error) ? error.cause : error;
  if (MigrationError.is(own)) return own;
  if (signal.aborted) return stopped(signal, label.what);
  if (!isTransportError(error)) throw error;
  const code = error.code ?? '';
  const isTls = TLS_CODES.test(code);
  const sent = !(
    isTls ||
    NEVER_SENT.has(code) ||
    error.syscall === 'connect' ||
    /before secure TLS/.test(error.message)
  );
  const landed: Landed = sent ? 'unknown' : 'no';
  return new MigrationError(
    isTls ? 'RACK_TLS' : 'RACK_UNREACHABLE',
    `${label.what} on rack ${label.rack}: ${secrets.quote(error.message === '' ? code : error.message)}`,
    {
      hint: isTls
        ? TLS_HINT
        : 'Check the address, and whether the rack is being updated (its API is then away for up to 15 minutes).',
      retryable: !isTls,
      details: {
        operation: label.what,
        rack: label.rack,
        ...(code === '' ? {} : { reason: code }),
        ...(label.effect === 'write' ? { landed } : {}),
      },
    },
  );
}

const TLS_HINT =
  'Racks before 20221129130331 serve self-signed certificates, one per API container and new at every restart: ' +
  'name their SHA-256 fingerprints, or decide to go without verification (tls: none).';

function isTransportError(error: unknown): error is Error & { readonly code?: string; readonly syscall?: string } {
  if (!(error instanceof Error)) return false;
  return isAxiosError(error) || ('code' in error && typeof error.code === 'string');
}
