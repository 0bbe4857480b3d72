import { setMaxListeners } from 'node:events';

/**
 * Calls `stop` when the signal is aborted; gives what takes that back. One signal stops a whole run, so as many listen as
 * there are questions at once: an app with ten domains asks twenty. Node.js would take that for a leak and say so on stderr.
 */
export function onAbort(signal: AbortSignal, stop: () => void): () => void {
  allowManyListeners(signal);
  signal.addEventListener('abort', stop, { once: true });
  return () => signal.removeEventListener('abort', stop);
}

/** For signals that are handed to others, who listen themselves. */
export function allowManyListeners(signal: AbortSignal): void {
  setMaxListeners(0, signal);
}
