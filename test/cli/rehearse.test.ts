import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { EXIT_CODES } from '../../src/errors.ts';
import { temporaryFolder } from './support/folders.ts';
import { spawnGen2 } from './support/spawn-gen2.ts';

const LONG_MS = 180_000;

/** The object that `gen2 rehearse --json` promises, and nothing more. */
const promised = z.strictObject({
  outcome: z.literal('succeeded'),
  procedure: z.literal('gen2'),
  rackVersion: z.string(),
  simulatedMs: z.int().positive(),
  wallMs: z.int().positive(),
  requests: z.strictObject({ sent: z.int().positive(), failed: z.literal(0), failures: z.array(z.never()) }),
  apiCalls: z.strictObject({ rack: z.int().positive(), aws: z.int().positive() }),
  humanWaits: z.int().min(2),
  steps: z
    .array(
      z.strictObject({
        id: z.string(),
        phase: z.enum(['prepare', 'cutover', 'commit']),
        simulatedMs: z.int().nonnegative(),
      }),
    )
    .min(20),
});

const byHand = z.object({
  outcome: z.literal('succeeded'),
  procedure: z.literal('article'),
  humanWaits: z.int(),
  requests: z.object({
    failed: z.int().positive(),
    failures: z.array(z.object({ step: z.string(), cause: z.string(), count: z.int().positive(), why: z.string() })),
  }),
});

describe('gen2 rehearse', () => {
  test(
    '--json ends with one object on stdout; no request failed',
    async () => {
      const folder = await temporaryFolder();
      const argv = ['rehearse', '--json', '--scale', '150', '--rate', '40', '--seed', '5'];

      const { exitCode, stdout, stderr } = await spawnGen2(argv, { env: {}, cwd: folder }).ended;

      expect(promised.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''))).toBeDefined();
      expect(exitCode).toBe(0);
      expect(
        stderr
          .trimEnd()
          .split('\n')
          .map((line) => (JSON.parse(line) as { type: string }).type),
      ).toContain('gate-answered');
    },
    LONG_MS,
  );

  test(
    'by hand, as the article has it, ends too, and tells under which step requests failed and why',
    async () => {
      const folder = await temporaryFolder();
      const argv = ['rehearse', '--procedure', 'article', '--json', '--scale', '150', '--rate', '100', '--seed', '5'];

      const { exitCode, stdout } = await spawnGen2(argv, { env: {}, cwd: folder }).ended;

      const result = byHand.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
      expect(exitCode).toBe(EXIT_CODES.failed);
      expect(result.requests.failures.reduce((sum, { count }) => sum + count, 0)).toBe(result.requests.failed);
      expect(result.requests.failures.map(({ step }) => step)).toContain('deploy-app-again');
      expect(result.humanWaits).toBeGreaterThan(20);
    },
    LONG_MS,
  );

  test(
    '--chaos ends with success, or with everything taken back, and loses no request',
    async () => {
      const folder = await temporaryFolder();
      const argv = ['rehearse', '--chaos', '17', '--json', '--scale', '150', '--rate', '20'];

      const { exitCode, stdout, stderr } = await spawnGen2(argv, { env: {}, cwd: folder }).ended;

      expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
        outcome: expect.stringMatching(/^(succeeded|aborted)$/) as string,
        requests: { failed: 0 },
      });
      expect(exitCode, stderr.slice(-2000)).toBe(0);
    },
    LONG_MS,
  );

  test(
    'shows progress, each approval, and a report; SIGINT ends it at once and leaves nothing',
    async () => {
      const folder = await temporaryFolder();
      const rehearsal = spawnGen2(['rehearse', '--scale', '150', '--rate', '20', '--rack-version', '20260421192651'], {
        env: { TMPDIR: folder },
        cwd: folder,
      });
      await rehearsal.says(/operator: approved approve-cutover/);

      rehearsal.child.kill('SIGINT');
      const { exitCode, stderr } = await rehearsal.ended;

      expect(exitCode).toBe(130);
      expect(stderr).toContain('✓ verify-temporary-app');
      expect(stderr).toContain('stopped[STOPPED]');
      expect((await readdir(folder)).filter((name) => name.startsWith('gen2-'))).toEqual([]);
    },
    LONG_MS,
  );
});
