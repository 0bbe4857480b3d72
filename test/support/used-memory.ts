import v8 from 'node:v8';
import vm from 'node:vm';

/** What this process has in use after a full collection, MB: the heap and what lies outside it. */
export function usedMemoryMb(): number {
  v8.setFlagsFromString('--expose_gc');
  (vm.runInNewContext('gc') as () => void)(); // what --expose_gc adds to a context
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
}
