import { onAbort } from '../time/on-abort.ts';

/** A limit on one request: aborts after `ms` without `touch`, or with the caller's signal, whichever comes first. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  /** True when the limit, and not the caller, has ended it. */
  readonly expired: () => boolean;
  /** Starts the limit anew: progress has been made. */
  readonly touch: () => void;
  /** Must be called at the end: leaves neither a timer nor a listener on the caller's signal. */
  readonly done: () => void;
}

/**
 * Real time, not the injected clock: the socket on the other side lives in real time too. Own code because
 * `AbortSignal.any` keeps a reference on a long-lived signal in Node 20, one for each request.
 */
export function timeLimit(ms: number, signal: AbortSignal): TimeLimit {
  const controller = new AbortController();
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    controller.abort(new Error(`no answer within ${ms} ms`));
  }, ms);
  const stop = (): void => controller.abort(signal.reason);
  const forget = onAbort(signal, stop);
  if (signal.aborted) stop();
  return {
    signal: controller.signal,
    expired: () => expired,
    touch: () => {
      if (!controller.signal.aborted) timer.refresh();
    },
    done: () => {
      clearTimeout(timer);
      forget();
    },
  };
}
