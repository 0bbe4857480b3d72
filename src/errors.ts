/**
 * The one error class of the library and the catalogue of its codes.
 *
 * Callers match on `code`; `message` says what was seen, `hint` what to do now. Every code has a heading in
 * `docs/errors.md` and an exit code (`EXIT_CODES`) for the command line.
 */

/** What a code means for the process that raised it; the exit codes of `gen2` (docs/errors.md). */
export const EXIT_CODES = {
  ok: 0,
  bug: 1,
  usage: 2,
  blocked: 3,
  access: 4,
  unreachable: 5,
  input: 6,
  conflict: 7,
  rolledBack: 8,
  failed: 9,
  waitingForApproval: 10,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitKind = keyof typeof EXIT_CODES;

/** Every code the library can raise, with the kind of exit it leads to. */
export const ERROR_CODES = {
  // general
  STOPPED: 'interrupted',
  TIMED_OUT: 'failed',
  USAGE: 'usage',
  READ_ONLY: 'bug',
  CONFIG_INVALID: 'usage',
  // the Rack API
  RACK_UNREACHABLE: 'unreachable',
  RACK_TLS: 'access',
  RACK_UNAUTHORIZED: 'access',
  RACK_NOT_FOUND: 'input',
  RACK_CONFLICT: 'conflict',
  RACK_INVALID: 'input',
  RACK_BUSY: 'conflict',
  RACK_REFUSED: 'failed',
  RACK_PROTOCOL: 'failed',
  RACK_URL_INVALID: 'input',
  RACK_PASSWORD_MISSING: 'access',
  RACK_UNSUPPORTED: 'input',
  RACK_UPDATE_FAILED: 'failed',
  ENVIRONMENT_INVALID: 'input',
  ENVIRONMENT_MISMATCH: 'failed',
  SOURCE_INVALID: 'input',
  BUILD_FAILED: 'failed',
  PROMOTE_FAILED: 'failed',
  APP_CREATE_FAILED: 'failed',
  APP_DELETE_FAILED: 'failed',
  APP_NOT_FOUND: 'input',
  APP_ALREADY_GEN2: 'input',
  APP_NAME_TAKEN: 'conflict',
  // AWS
  AWS_CREDENTIALS: 'access',
  AWS_DENIED: 'access',
  AWS_ACCOUNT_MISMATCH: 'access',
  AWS_REGION: 'input',
  AWS_THROTTLED: 'unreachable',
  AWS_UNREACHABLE: 'unreachable',
  AWS_REFUSED: 'failed',
  AWS_NOT_FOUND: 'input',
  BALANCER_NOT_FOUND: 'input',
  BALANCER_MISMATCH: 'failed',
  RACK_STACK_STATE: 'conflict',
  RACK_INTERNAL_DISABLED: 'input',
  RACK_PUBLIC_DISABLED: 'input',
  CERTIFICATE_FAILED: 'failed',
  CERTIFICATE_LIMIT: 'failed',
  CERTIFICATE_GONE: 'failed',
  ZONE_NOT_FOUND: 'input',
  DNS_RECORD_UNSUPPORTED: 'blocked',
  DNS_CONFLICT: 'conflict',
  DNS_REFUSED: 'failed',
  DNS_UNREACHABLE: 'unreachable',
  STACK_FAILED: 'failed',
  VERIFICATION_FAILED: 'failed',
  TRAFFIC_OUT_OF_BOUNDS: 'failed',
  // manifests
  MANIFEST_INVALID: 'input',
  MANIFEST_UNCONVERTIBLE: 'blocked',
  ANSWERS_INVALID: 'input',
  FILE_EXISTS: 'conflict',
  // the export of the old app
  EXPORT_NOT_FOUND: 'input',
  EXPORT_DAMAGED: 'failed',
  EXPORT_KEY: 'access',
  EXPORT_MISMATCH: 'input',
  ENVIRONMENT_NOT_EXPORTED: 'input',
  // executions
  PLAN_BLOCKED: 'blocked',
  PLAN_DRIFTED: 'conflict',
  PLAN_INVALID: 'input',
  EXECUTION_RUNNING: 'conflict',
  EXECUTION_NOT_FOUND: 'input',
  EXECUTION_FINISHED: 'input',
  EXECUTION_STATE: 'conflict',
  GATE_REJECTED: 'rolledBack',
  GATE_PENDING: 'waitingForApproval',
  JOURNAL_DAMAGED: 'failed',
  JOURNAL_VERSION: 'input',
  STATE_UNWRITABLE: 'input',
  CLOCK_SKEW: 'input',
  INVARIANT: 'failed',
  POINT_OF_NO_RETURN: 'conflict',
  UNDO_FAILED: 'failed',
  ROLLED_BACK: 'rolledBack',
} as const satisfies Record<string, ExitKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Plain data about a failure; never a value of an environment, a password or a token. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface MigrationErrorOptions {
  /** What to do now, in a sentence or two. */
  readonly hint?: string | undefined;
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable?: boolean | undefined;
  readonly details?: ErrorDetails | undefined;
  readonly cause?: unknown;
}

/** The only error that leaves the library on purpose; anything else is a bug. */
export class MigrationError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: MigrationErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MigrationError';
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }

  /** True for a MigrationError of any copy of this package, with one of `codes` if any are given. */
  static is(error: unknown, ...codes: readonly ErrorCode[]): error is MigrationError {
    if (!(error instanceof Error) || error.name !== 'MigrationError' || !('code' in error)) return false;
    return codes.length === 0 || (codes as readonly unknown[]).includes(error.code);
  }

  /** The exit code of the process for this error. */
  get exitCode(): number {
    return EXIT_CODES[ERROR_CODES[this.code]];
  }
}

/** The error to throw when `signal` has been aborted: keeps a MigrationError given as reason. */
export function stopped(signal: AbortSignal, what: string): MigrationError {
  const reason: unknown = signal.reason;
  if (MigrationError.is(reason)) return reason;
  return new MigrationError('STOPPED', `${what}: stopped`, {
    hint: 'Go on with `gen2 resume`.',
    cause: reason,
  });
}

/** Throws `stopped(signal, what)` if the signal has been aborted. */
export function throwIfStopped(signal: AbortSignal, what: string): void {
  if (signal.aborted) throw stopped(signal, what);
}
