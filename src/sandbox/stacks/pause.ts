import { setMaxListeners } from 'node:events';

import type { SimClock } from '../sim-clock.ts';

/** A controller that all resources of a stack may listen to at once. */
export function passController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/**
 * Resolves after `ms` simulated milliseconds, at once for 0; rejects with the signal's reason when it is aborted.
 * Unlike `clock.sleep` it is forgotten when the sandbox closes, so that no timer outlives it.
 */
export function pause(clock: SimClock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      cancel();
      reject(signal.reason as Error); // this folder aborts with Errors only
    };
    let cancel = (): void => undefined;
    if (signal.aborted) {
      stop();
      return;
    }
    if (ms <= 0) {
      resolve();
      return;
    }
    cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}
