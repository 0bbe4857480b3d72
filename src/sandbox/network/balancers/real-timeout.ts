/** A time limit of the world in whole real milliseconds, as Node.js wants them; never so short that a busy machine alone could exceed it. */
export function realTimeoutMs(simulatedSeconds: number, scale: number): number {
  return Math.max(LEAST_MS, Math.ceil((simulatedSeconds * 1000) / scale));
}

const LEAST_MS = 3_000;
