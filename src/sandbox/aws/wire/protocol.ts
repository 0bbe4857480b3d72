import type { AwsRefusal } from '../../world.ts';
import type { Account } from '../account.ts';

/** An HTTP request to the endpoint, read to its end. */
export interface WireRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One operation that was asked for; `answer` carries it out. */
export interface ServiceCall {
  readonly operation: string;
  answer(account: Account, requestId: string): WireAnswer;
}

/** How one AWS service speaks. */
export interface Service {
  /** As in a signature's scope: `cloudformation`, `elasticloadbalancing`, `acm`, `route53`, `monitoring`, `sts`. */
  readonly id: string;
  /** As in the names of IAM actions. */
  readonly iamPrefix: string;
  /** True for services that have no regions, or the same in each. */
  readonly isGlobal: boolean;
  /** Which operation a request asks for; throws AwsRefusal for one the sandbox does not answer. */
  identify(request: WireRequest): ServiceCall;
  refuse(refusal: AwsRefusal, requestId: string): WireAnswer;
}

/** True for operations that change something. */
export function isMutating(operation: string): boolean {
  return !/^(Describe|List|Get)/.test(operation);
}
