// Health of the container. A worker touches the file of GEN2_HEARTBEAT every few seconds while its database answers; a job
// never makes the file, and is healthy as long as it runs.
import { statSync } from 'node:fs';

const LONGEST_SILENCE_MS = 60_000;

const beat = statSync(process.env['GEN2_HEARTBEAT'] ?? '/tmp/gen2-heartbeat', { throwIfNoEntry: false });
if (beat !== undefined) {
  const silentMs = Date.now() - beat.mtimeMs;
  if (silentMs > LONGEST_SILENCE_MS) {
    console.error(`no sign of life for ${Math.round(silentMs / 1000)} s`);
    process.exit(1);
  }
}
