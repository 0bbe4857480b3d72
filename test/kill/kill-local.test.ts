import { describe, expect, test } from 'vitest';
import { killRun } from './kill-run.ts';
import { runMatrix } from './matrix.ts';
import { moveLocally } from './move-locally.ts';

const LIMIT_MS = 60 * 60_000;
/** A run waits more than it works; with so many at once both cores are busy. */
const AT_ONCE = 5;

describe('a migration whose process is killed', () => {
  test(
    'ends as if nothing had happened, nothing done twice and no request lost, wherever it was killed',
    async () => {
      const { bad } = await runMatrix({
        name: 'kill matrix',
        sample: process.env['GEN2_KILL_SAMPLE'] ?? '40',
        names: process.env['GEN2_KILL_POINTS'] ?? '',
        atOnce: AT_ONCE,
        run: (point) => killRun(point, moveLocally),
        print: (line) => process.stdout.write(`${line}\n`),
      });

      expect(bad).toEqual([]);
    },
    LIMIT_MS,
  );
});
