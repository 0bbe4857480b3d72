import { PastAnswers } from './past-answers.ts';
import { ProgramSwitches } from './program-switches.ts';

/** A request as a fault sees it, before the sandbox answers it. */
export interface FaultRequest {
  /** `rack`, or the AWS service: `cloudformation`, `elasticloadbalancing`, `acm`, `route53`, `monitoring`, `sts`. */
  readonly service: string;
  /** `DescribeStacks`; for the rack `METHOD /path`. */
  readonly operation: string;
  readonly mutates: boolean;
}

export type FaultAction =
  | { readonly type: 'deny' }
  | { readonly type: 'throttle' }
  /** `code` and `message` where the service's own are wanted (AWS: `PriorRequestNotComplete`, `ExpiredToken` …). */
  | { readonly type: 'error'; readonly status: number; readonly code?: string; readonly message?: string }
  /** Closes the connection before (`applied: false`) or after (`applied: true`) the request took effect. */
  | { readonly type: 'reset'; readonly applied: boolean }
  | { readonly type: 'delay'; readonly ms: number }
  /** Answers a read as at a past moment (simulated ms since 1970), if the same was asked shortly before it. */
  | { readonly type: 'stale'; readonly asOfMs: number }
  /** Holds the request until the promise resolves, then goes on. */
  | { readonly type: 'hold'; readonly until: Promise<void> };

export type Fault = (request: FaultRequest) => FaultAction | undefined;

/** The switches that make the sandbox misbehave; asked for every request. The first fault that answers decides. */
export class Faults {
  /** Apps that misbehave while they run. */
  readonly programs = new ProgramSwitches();
  readonly #faults = new Set<Fault>();
  #pastAnswers: PastAnswers | undefined;

  /** What was answered lately; kept from the first call of `keepPastAnswers` on. */
  get pastAnswers(): PastAnswers | undefined {
    return this.#pastAnswers;
  }

  /** Stale reads need it: without a past there is nothing old to answer. */
  keepPastAnswers(): void {
    this.#pastAnswers ??= new PastAnswers();
  }

  /** Adds a fault and returns a function that takes it away. */
  add(fault: Fault): () => void {
    this.#faults.add(fault);
    return () => this.#faults.delete(fault);
  }

  actionFor(request: FaultRequest): FaultAction | undefined {
    for (const fault of this.#faults) {
      const action = fault(request);
      if (action !== undefined) return action;
    }
    return undefined;
  }
}
