/** A time limit of the world in real milliseconds; never so short that a busy machine alone could exceed it. */
export function realTimeoutMs(simulatedSeconds: number, scale: number): number {
  return Math.max(LEAST_MS, (simulatedSeconds * 1000) / scale);
}

const LEAST_MS = 3_000;
