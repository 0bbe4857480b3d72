import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
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
  requests: z.strictObject({ sent: z.int().positive(), failed: z.literal(0) }),
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
