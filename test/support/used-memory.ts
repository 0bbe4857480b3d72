import v8 from 'node:v8';
import vm from 'node:vm';

/** What this process has in use after a full collection, MB: the heap and what lies outside it. */
export function usedMemoryMb(): number {
  v8.setFlagsFromString('--expose_gc');
  (vm.runInNewContext('gc') as () => void)(); // what --expose_gc adds to a context
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
}

/**
 * How much more is in use in the last fifth of the samples than in the first, MB. What is on its way just then comes and
 * goes with the machine's load, so the least of each fifth counts: what is held on to is in every one of them.
 */
export function growthMb(samples: readonly number[]): number {
  const fifth = Math.floor(samples.length / 5);
  return Math.min(...samples.slice(-fifth)) - Math.min(...samples.slice(0, fifth));
}
