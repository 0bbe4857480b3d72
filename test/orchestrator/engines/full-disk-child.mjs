// Writes journal lines until the limit on file sizes it was started with is met, then a shorter one that fits.
import { Journal } from '../../../src/orchestrator/engines/local/journal.ts';
import { systemClock } from '../../../src/time/clock.ts';

const journal = await Journal.open(process.argv[2], systemClock);
let written = 0;
let refused;
while (refused === undefined && written < 100) {
  try {
    await journal.append({ type: 'step-started', step: 'x'.repeat(700) });
    written += 1;
  } catch (error) {
    refused = error.code;
  }
}
const afterwards = await journal.append({ type: 'direction', direction: 'abort', reason: 'full' }).then(
  () => 'written',
  (error) => error.code,
);
await journal.close();
process.stdout.write(JSON.stringify({ written, refused, afterwards }));
