import { beforeAll, describe, expect, test } from 'vitest';
import { killRun, type KillPoint, type KillRunResult } from './kill-run.ts';

/** How many points of the matrix are run: `GEN2_KILL_SAMPLE=all` or a number; `npm run test:kill` runs all. */
const SAMPLE = process.env['GEN2_KILL_SAMPLE'] ?? '8';
const RUN_LIMIT_MS = 150_000;
const AT_ONCE = 2;

let undisturbed: KillRunResult;

beforeAll(async () => {
  undisturbed = await killRun({ at: 'never' });
}, RUN_LIMIT_MS);

describe('a migration whose process is killed', () => {
  test(
    'ends as if nothing had happened, nothing done twice and no request lost, wherever it was killed',
    async () => {
      expect(undisturbed.problem).toBeUndefined();
      const points = allPoints(undisturbed);
      const chosen = SAMPLE === 'all' ? points : spread(points, Number(SAMPLE));
      process.stdout.write(`kill matrix: ${chosen.length} of ${points.length} points\n`);

      const bad: string[] = [];
      await eachOf(chosen, AT_ONCE, async (point) => {
        const result = await killRun(point);
        const problem = problemOf(result);
        if (problem !== undefined) bad.push(`${JSON.stringify(point)}: ${problem}`);
        if (SAMPLE === 'all') process.stdout.write(`${JSON.stringify(point)} ${problem ?? 'ok'}\n`);
      });

      expect(bad).toEqual([]);
    },
    40 * 60_000,
  );
});

function problemOf(result: KillRunResult): string | undefined {
  if (result.problem !== undefined) return result.problem;
  const [seen, wanted] = [result.effects, undisturbed.effects].map((effects) => JSON.stringify(effects));
  if (seen !== wanted) return `ended otherwise: ${seen ?? ''} instead of ${wanted ?? ''}`;
  const failed = JSON.stringify(result.failedRequests);
  return failed === '{}' ? undefined : `requests failed: ${failed}`;
}

/** Every journal write, and both sides of every mutating request. */
function allPoints({ writes, mutations }: KillRunResult): readonly KillPoint[] {
  const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
  return [
    ...numbers(writes).map((number) => ({ at: 'journal write', number }) as const),
    ...numbers(mutations).flatMap((number) => [
      { at: 'before request', number } as const,
      { at: 'after request', number } as const,
    ]),
  ];
}

/** `count` of the points, half of them requests, which are fewer and more delicate; others on another day. */
function spread(points: readonly KillPoint[], count: number): readonly KillPoint[] {
  const requests = points.filter(({ at }) => at !== 'journal write');
  const writes = points.filter(({ at }) => at === 'journal write');
  const pick = (from: readonly KillPoint[], wanted: number): readonly KillPoint[] => {
    const shift = Math.floor(Math.random() * from.length);
    const stride = from.length / Math.max(1, wanted);
    return Array.from({ length: Math.min(wanted, from.length) }, (_, index) => {
      return from[(shift + Math.floor(index * stride)) % from.length];
    }).filter((point) => point !== undefined);
  };
  return [...pick(requests, Math.ceil(count / 2)), ...pick(writes, Math.floor(count / 2))];
}

async function eachOf<T>(items: readonly T[], atOnce: number, run: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item);
    }),
  );
}
