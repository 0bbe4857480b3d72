import { MigrationError, stopped } from '../errors.ts';

const CREDENTIAL_ERRORS: ReadonlySet<string> = new Set([
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'IncompleteSignature',
  'InvalidAccessKeyId',
  'AuthFailure',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'CredentialsProviderError',
  'TokenProviderError',
]);

const DENIED_ERRORS: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'NotAuthorized',
  'AuthorizationError',
  'OptInRequired',
]);

const THROTTLING_ERRORS: ReadonlySet<string> = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'SlowDown',
  'PriorRequestNotComplete',
]);

const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/** What can be read from any error an SDK client throws, whatever class it has. */
export interface ForeignAwsError {
  /** The AWS error code, e.g. `ValidationError`. */
  readonly name: string;
  readonly message: string;
  /** The HTTP status of the answer; absent when there was none. */
  readonly status?: number;
  /** The system's code of a network failure, e.g. `ECONNREFUSED`. */
  readonly networkCode?: string;
  readonly requestId?: string;
}

/** Reads the parts of an SDK error we decide on; the error itself, with its request, is kept nowhere. */
export function describeAwsError(error: unknown): ForeignAwsError {
  if (!(error instanceof Error)) return { name: 'Unknown', message: String(error) };
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  const status = numberIn(metadata, 'httpStatusCode');
  const requestId = stringIn(metadata, 'requestId');
  const networkCode = stringIn(error, 'code');
  return {
    name: error.name,
    message: error.message,
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(networkCode !== undefined && NETWORK_CODES.has(networkCode) ? { networkCode } : {}),
  };
}

/** True for the AWS codes that only mean "too fast" (SDK for JavaScript v3, `@smithy/service-error-classification`). */
function isThrottling(name: string): boolean {
  return THROTTLING_ERRORS.has(name);
}

/**
 * Turns whatever an SDK client threw into a `MigrationError`; `what` says what was being done, in words.
 *
 * `operation` (`service:Operation`) names the permission when AWS's answer does not.
 */
export function awsError(what: string, operation: string, error: unknown, signal: AbortSignal): MigrationError {
  if (signal.aborted) return stopped(signal, what);
  if (MigrationError.is(error)) return error;
  const seen = describeAwsError(error);
  const details = { awsCode: seen.name, operation, ...(seen.requestId ? { requestId: seen.requestId } : {}) };
  // A plain copy: the SDK's own error drags the signed request along.
  const cause = new Error(`${seen.name}: ${seen.message}`);

  if (CREDENTIAL_ERRORS.has(seen.name)) {
    return new MigrationError('AWS_CREDENTIALS', `${what}: ${credentialText(seen)}`, {
      hint: credentialHint(seen),
      details,
      cause,
    });
  }
  if (DENIED_ERRORS.has(seen.name)) {
    const action = deniedAction(seen.message) ?? operation;
    return new MigrationError('AWS_DENIED', `${what}: these credentials may not call ${action}`, {
      hint: `Allow ${action}; docs/iam-policy.json lists what each command needs.`,
      details: { ...details, action },
      cause,
    });
  }
  if (isThrottling(seen.name)) {
    return new MigrationError('AWS_THROTTLED', `${what}: AWS asks to slow down (${seen.name})`, {
      hint: 'Other programs use the same account limit; wait a minute and run the command again.',
      retryable: true,
      details,
      cause,
    });
  }
  if (seen.networkCode === 'ENOTFOUND') {
    return new MigrationError('AWS_REGION', `${what}: no such AWS endpoint (${seen.message})`, {
      hint: 'Check the region: it must be the one of the rack. Without network, this is also what DNS failing looks like.',
      details: { ...details, networkCode: seen.networkCode },
      cause,
    });
  }
  if (isUnreachable(seen)) {
    return new MigrationError('AWS_UNREACHABLE', `${what}: ${seen.message || seen.name}`, {
      hint: 'AWS did not answer or answered with an error of its own; check the network and try again.',
      retryable: true,
      details: { ...details, ...(seen.status === undefined ? {} : { status: seen.status }) },
      cause,
    });
  }
  return new MigrationError('AWS_REFUSED', `${what}: ${seen.name}: ${seen.message}`, {
    details: { ...details, ...(seen.status === undefined ? {} : { status: seen.status }) },
    cause,
  });
}

/** True if AWS may or may not have done what was asked: no answer, or an answer of HTTP 5xx. */
export function isUnclearOutcome(error: unknown): boolean {
  const seen = describeAwsError(error);
  return !isThrottling(seen.name) && isUnreachable(seen);
}

/** The AWS error code behind a `MigrationError` made by `awsError`. */
export function awsCodeOf(error: unknown): string | undefined {
  return MigrationError.is(error) ? stringIn(error.details, 'awsCode') : undefined;
}

/** Runs one SDK call: `send` gets the options to hand to `client.send`, and its errors become `MigrationError`s. */
export async function ask<T>(
  what: string,
  operation: string,
  send: (options: { abortSignal: AbortSignal }) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  try {
    if (signal.aborted) throw stopped(signal, what);
    return await send({ abortSignal: signal });
  } catch (error) {
    throw awsError(what, operation, error, signal);
  }
}

/** Reads every page of an SDK paginator into one list. */
export async function askAll<Page, Item>(
  what: string,
  operation: string,
  open: (options: { abortSignal: AbortSignal }) => AsyncIterable<Page>,
  pick: (page: Page) => readonly Item[] | undefined,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  try {
    if (signal.aborted) throw stopped(signal, what);
    const items: Item[] = [];
    for await (const page of open({ abortSignal: signal })) items.push(...(pick(page) ?? []));
    return items;
  } catch (error) {
    throw awsError(what, operation, error, signal);
  }
}

/** The value, or a named error: the SDK's types allow any field of any answer to be missing. */
export function present<T>(value: T | undefined | null, field: string, what: string): T {
  if (value === undefined || value === null) {
    throw new MigrationError('AWS_REFUSED', `${what}: AWS's answer has no ${field}`, {
      hint: 'If an own endpoint stands in for AWS, it does not answer as AWS does.',
      details: { field },
    });
  }
  return value;
}

function isUnreachable(seen: ForeignAwsError): boolean {
  if (seen.networkCode !== undefined) return true;
  if (seen.name === 'TimeoutError' || seen.name === 'RequestTimeout' || seen.name === 'RequestTimeoutException')
    return true;
  if (seen.status !== undefined) return seen.status >= 500;
  return /socket hang up|connect(ion)? (refused|reset|closed)/i.test(seen.message);
}

function credentialText(seen: ForeignAwsError): string {
  if (isClockSkew(seen)) return 'AWS refuses the signature because of its time';
  if (/Expired/.test(seen.name)) return 'the AWS credentials have expired';
  if (seen.name === 'CredentialsProviderError') return 'no AWS credentials found';
  return `AWS does not accept the credentials (${seen.name})`;
}

function credentialHint(seen: ForeignAwsError): string {
  if (isClockSkew(seen)) return "Set this machine's clock: AWS allows a few minutes of difference.";
  return 'Give credentials of the account the rack runs in (environment, profile or role) and run the command again.';
}

function isClockSkew(seen: ForeignAwsError): boolean {
  return /Signature (not yet current|expired)|RequestTimeTooSkewed/i.test(`${seen.name} ${seen.message}`);
}

/** `… is not authorized to perform: route53:GetHostedZone on resource: …` names the action it wants. */
function deniedAction(message: string): string | undefined {
  return /not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)/.exec(message)?.[1];
}

function stringIn(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const field: unknown = Reflect.get(value, key);
  return typeof field === 'string' ? field : undefined;
}

function numberIn(value: unknown, key: string): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const field: unknown = Reflect.get(value, key);
  return typeof field === 'number' ? field : undefined;
}
