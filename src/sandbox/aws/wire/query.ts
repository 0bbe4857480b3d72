import { AwsRefusal } from '../../world.ts';
import type { Account } from '../account.ts';
import type { Service, WireAnswer } from './protocol.ts';
import { xmlDocument, type XmlElement } from './xml.ts';

/** The parameters of a request in the query protocol. */
export class QueryParameters {
  readonly #form: URLSearchParams;

  constructor(form: URLSearchParams) {
    this.#form = form;
  }

  find(name: string): string | undefined {
    return this.#form.get(name) ?? undefined;
  }

  get(name: string): string {
    const value = this.find(name);
    if (value !== undefined && value !== '') return value;
    throw new AwsRefusal(
      'ValidationError',
      `1 validation error detected: Value null at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`,
    );
  }

  number(name: string): number | undefined {
    const value = this.find(name);
    return value === undefined ? undefined : Number(value);
  }

  /** `Name.member.1`, `Name.member.2` … */
  list(name: string): readonly string[] {
    const items: string[] = [];
    for (let index = 1; ; index += 1) {
      const item = this.find(`${name}.member.${String(index)}`);
      if (item === undefined) return items;
      items.push(item);
    }
  }
}

export type QueryOperation = (parameters: QueryParameters, account: Account) => XmlElement;

export interface QueryServiceSpec {
  readonly id: string;
  readonly iamPrefix?: string;
  readonly isGlobal?: boolean;
  /** By API version: one endpoint carries both generations of load balancing. */
  readonly versions: Readonly<
    Record<string, { readonly namespace: string; readonly operations: Readonly<Record<string, QueryOperation>> }>
  >;
}

/** A service of the query protocol: a form with `Action` and `Version` comes in, XML goes out. */
export function queryService({ id, iamPrefix = id, isGlobal = false, versions }: QueryServiceSpec): Service {
  const errorNamespace = Object.values(versions)[0]?.namespace ?? '';
  return {
    id,
    iamPrefix,
    isGlobal,
    identify(request) {
      const form = new URLSearchParams(request.body.toString('utf8'));
      const operation = form.get('Action') ?? '';
      const version = versions[form.get('Version') ?? ''];
      const run = version?.operations[operation];
      if (version === undefined || run === undefined) {
        throw new AwsRefusal('InvalidAction', `The sandbox does not answer ${id} ${operation || '(no Action)'}`);
      }
      return {
        operation,
        answer(account, requestId) {
          const result = run(new QueryParameters(form), account);
          return xmlAnswer(
            200,
            xmlDocument(`${operation}Response`, version.namespace, {
              [`${operation}Result`]: result,
              ResponseMetadata: { RequestId: requestId },
            }),
            requestId,
          );
        },
      };
    },
    refuse: (refusal, requestId) => xmlRefusal(errorNamespace, refusal, requestId),
  };
}

export function xmlAnswer(status: number, body: string, requestId: string): WireAnswer {
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body };
}

/** `ErrorResponse`, as the query services and Route 53 write their refusals. */
export function xmlRefusal(namespace: string, { code, message, status }: AwsRefusal, requestId: string): WireAnswer {
  const type = status >= 500 ? 'Receiver' : 'Sender';
  const body = xmlDocument('ErrorResponse', namespace, {
    Error: { Type: type, Code: code, Message: message },
    RequestId: requestId,
  });
  return xmlAnswer(status, body, requestId);
}
