const SLICES = 10;

/**
 * Calls back after `ms` real milliseconds in which this process could run. On a machine that stalls, every timer of an
 * ordinary kind would be over at once when it goes on; here a stall counts as a tenth at most. Returns a function that
 * cancels it.
 */
export function afterRunning(ms: number, task: () => void): () => void {
  let left = SLICES;
  const next = (): void => {
    left -= 1;
    if (left < 0) task();
    else timer = setTimeout(next, ms / SLICES);
  };
  let timer: NodeJS.Timeout;
  next();
  return () => clearTimeout(timer);
}
