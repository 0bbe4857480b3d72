import { onAbort } from '../../time/on-abort.ts';
import type { SimClock } from '../sim-clock.ts';

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
      forget();
      resolve();
    });
    const forget = onAbort(signal, stop);
  });
}
