import { writeFile } from 'node:fs/promises';
import type { Shell } from './shell.ts';

/**
 * A sign of life for whoever watches the container (docker/healthcheck.mjs): touches the file `GEN2_HEARTBEAT` names.
 * A file that cannot be written is reported by its age.
 */
export function heartbeat({ env }: Pick<Shell, 'env'>): () => void {
  const file = env['GEN2_HEARTBEAT'];
  if (file === undefined || file === '') return () => undefined;
  return () => void writeFile(file, `${new Date().toISOString()}\n`).catch(() => undefined);
}
