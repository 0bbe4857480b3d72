import type * as z from 'zod';
import { AwsRefusal } from '../../world.ts';
import type { Account } from '../account.ts';
import type { Service, WireRequest } from './protocol.ts';

export type JsonOperation = (input: unknown, account: Account) => object;

export interface JsonServiceSpec {
  readonly id: string;
  readonly iamPrefix: string;
  /** Before the dot of `X-Amz-Target`. */
  readonly target: string;
  /** 1.0 or 1.1, in the content type. */
  readonly version: '1.0' | '1.1';
  /** The code of a refusal as this service names it. */
  readonly codeOf: (code: string) => string;
  /** The code of a request whose fields are wrong. */
  readonly invalidCode: string;
  /** True if clients of the old query protocol want the code in a header too. */
  readonly hasQueryErrors: boolean;
  readonly operations: Readonly<Record<string, JsonOperation>>;
}

/** An operation whose input is read by a schema. */
export function jsonOperation<T>(schema: z.ZodType<T>, run: (input: T, account: Account) => object): JsonOperation {
  return (input, account) => run(schema.parse(input), account);
}

/** A service of the JSON protocols: the operation is in a header, fields in the body. */
export function jsonService(spec: JsonServiceSpec): Service {
  const contentType = `application/x-amz-json-${spec.version}`;
  return {
    id: spec.id,
    iamPrefix: spec.iamPrefix,
    isGlobal: false,
    identify(request) {
      const operation = operationOf(spec.target, request);
      const run = spec.operations[operation];
      if (run === undefined) {
        throw new AwsRefusal('UnknownOperationException', `The sandbox does not answer ${spec.id} ${operation}`);
      }
      const input = readInput(request.body);
      return {
        operation,
        answer(account, requestId) {
          const output = runChecked(run, input, account, spec.invalidCode);
          const headers = { 'content-type': contentType, 'x-amzn-requestid': requestId };
          return { status: 200, headers, body: JSON.stringify(output) };
        },
      };
    },
    refuse({ code: given, message, status }, requestId) {
      const code = spec.codeOf(given);
      const sender = status >= 500 ? 'Receiver' : 'Sender';
      const headers = {
        'content-type': contentType,
        'x-amzn-requestid': requestId,
        ...(spec.hasQueryErrors ? { 'x-amzn-query-error': `${code};${sender}` } : {}),
      };
      return { status, headers, body: JSON.stringify({ __type: code, message }) };
    },
  };
}

function operationOf(target: string, { headers }: WireRequest): string {
  const [service, operation] = (headers['x-amz-target'] ?? '').split('.');
  return service === target && operation !== undefined ? operation : '(no X-Amz-Target)';
}

function readInput(body: Buffer): unknown {
  try {
    return body.length === 0 ? {} : (JSON.parse(body.toString('utf8')) as unknown); // unknown until a schema has read it
  } catch {
    throw new AwsRefusal('SerializationException', 'The request is not valid JSON');
  }
}

/** Fields of the wrong shape are the caller's mistake, not the sandbox's. */
function runChecked(run: JsonOperation, input: unknown, account: Account, invalidCode: string): object {
  try {
    return run(input, account);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ZodError') throw error;
    throw new AwsRefusal(invalidCode, `1 validation error detected: ${error.message}`);
  }
}
