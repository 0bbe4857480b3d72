import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { playground } from '../cli/support/sandbox.ts';
import { blocksOf, GuideRunner } from './guide-runner.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LONG_MS = 300_000;
const documents = ['README.md', ...readdirSync(`${ROOT}docs/guides`).map((name) => `docs/guides/${name}`)];

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [`${ROOT}scripts/build.mjs`]);
}, LONG_MS);

describe('every block of', () => {
  test.each(documents)(
    '%s does what it says',
    async (path) => {
      const blocks = (await blocksOf(path)).filter(({ skip }) => skip === undefined);
      const runner = await GuideRunner.in(await playground());

      for (const block of blocks) await runner.run(block);
      await runner.finish();

      expect(blocks.length).toBeGreaterThan(0);
    },
    LONG_MS,
  );

  test('the documents is run, or says why it cannot be', async () => {
    const blocks = (await Promise.all(documents.map((path) => blocksOf(path)))).flat();

    expect(blocks.filter(({ language }) => language !== 'sh' && language !== 'ts')).toEqual([]);
    expect(blocks.filter(({ skip }) => skip?.trim() === '')).toEqual([]);
    expect(blocks.filter(({ skip }) => skip !== undefined).length).toBeLessThanOrEqual(6);
  });
});
