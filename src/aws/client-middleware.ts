import type { __Client, GetCallerIdentityCommandOutput } from '@aws-sdk/client-sts';
import { MigrationError } from '../errors.ts';
import { allowManyListeners } from '../time/on-abort.ts';
import { describeAwsError, isUnclearOutcome } from './aws-error.ts';
import type { RateLimit } from './token-bucket.ts';

/** One request about to be sent, retries counted one by one. */
export interface AwsCall {
  /** The service as IAM names it, e.g. `cloudformation`. */
  readonly service: string;
  /** The operation, e.g. `DescribeStacks`. */
  readonly operation: string;
}

/** What every answer of the SDK has. */
export type Answered = Pick<GetCallerIdentityCommandOutput, '$metadata'>;

/** The stack of steps every client and every command of the SDK has. */
type MiddlewareStack<Input extends object, Output extends Answered> = __Client<
  unknown,
  Input,
  Output,
  never
>['middlewareStack'];

/** A client or a command of the SDK. */
export interface Instrumented<Input extends object, Output extends Answered> {
  readonly middlewareStack: MiddlewareStack<Input, Output>;
}

const READING = /^(Describe|List|Get|Test)/;

/** Refuses, before anything leaves the process, every command whose name is not that of a read. */
export function refuseWrites<Input extends object, Output extends Answered>(
  client: Instrumented<Input, Output>,
  service: string,
): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const operation = operationOf(context);
      if (READING.test(operation)) return await next(args);
      throw new MigrationError(
        'READ_ONLY',
        `${service}:${operation} was about to be sent by a client that only reads`,
        {
          hint: 'This is a bug in the caller: a plan must not change anything. Nothing was sent.',
          details: { service, operation },
        },
      );
    },
    { step: 'initialize', name: 'gen2ReadOnly', priority: 'high' },
  );
}

/** Reports every request, retries included. */
export function reportCalls<Input extends object, Output extends Answered>(
  client: Instrumented<Input, Output>,
  service: string,
  onCall: (call: AwsCall) => void,
): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      onCall({ service, operation: operationOf(context) });
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low', name: 'gen2ReportCalls' },
  );
}

/** A client whose requests go through a request handler that can be replaced. */
interface RateLimitedClient {
  readonly config: { requestHandler: { handle(request: never, options?: never): Promise<unknown> } };
}

/** Sends the client's requests, retries included, no faster than the limit allows. */
export function limitRate(client: RateLimitedClient, limit: RateLimit): void {
  const handler = client.config.requestHandler;
  const handle = handler.handle.bind(handler);
  const never = new AbortController().signal;
  handler.handle = async (request: never, options?: never) => {
    const signal = abortSignalIn(options) ?? never;
    allowManyListeners(signal); // the handler listens too
    await limit.take(signal);
    return handle(request, options);
  };
}

/** Stands for an error whose request may have been carried out, in a form the SDK's retry strategy lets pass. */
class UnclearOutcome extends Error {
  // Not `cause`: the retry strategy looks there, and would resend.
  readonly original: unknown;
  constructor(original: unknown) {
    super('the outcome of the request is not known');
    this.original = original;
  }
}

interface SendWriteOptions {
  /** True: AWS knows the request again (an idempotency token), so it may be sent again after no answer. Default false. */
  readonly isRepeatable?: boolean;
  /** Error codes the SDK takes for throttling and repeats, but that are final for this command. */
  readonly finalCodes?: readonly string[];
}

/**
 * Sends a write: repeated by the SDK only while AWS says it was not looked at (throttling), never after a time-out or
 * an HTTP 5xx, when AWS may have done it. The caller then has to look.
 */
export async function sendWrite<Input extends object, Output extends Answered, Answer>(
  command: Instrumented<Input, Output>,
  send: () => Promise<Answer>,
  { isRepeatable = false, finalCodes = [] }: SendWriteOptions = {},
): Promise<Answer> {
  command.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if ((isUnclearOutcome(error) && !isRepeatable) || finalCodes.includes(describeAwsError(error).name)) {
          throw new UnclearOutcome(error);
        }
        throw error;
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'gen2SendWrite' },
  );
  try {
    return await send();
  } catch (error) {
    throw error instanceof UnclearOutcome ? error.original : error;
  }
}

function operationOf(context: unknown): string {
  const name: unknown =
    typeof context === 'object' && context !== null ? Reflect.get(context, 'commandName') : undefined;
  return typeof name === 'string' ? name.replace(/Command$/, '') : 'Unknown';
}

function abortSignalIn(options: unknown): AbortSignal | undefined {
  if (typeof options !== 'object' || options === null) return undefined;
  const signal: unknown = Reflect.get(options, 'abortSignal');
  return signal instanceof AbortSignal ? signal : undefined;
}
