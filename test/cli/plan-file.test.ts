import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planFile, readPlanFile } from '../../src/cli/plan-file.ts';
import { temporaryFolder } from './support/folders.ts';
import { PLAN } from './support/plans.ts';
import { gen2 } from './support/test-shell.ts';

async function saved(plan = PLAN) {
  const folder = await temporaryFolder();
  const path = join(folder, 'plan.json');
  const settings = { app: 'shop', sourceFolder: join(folder, 'source'), bakeMs: 60_000, tlsNotice: 'not verified' };
  await writeFile(path, JSON.stringify(planFile(plan, { settings, path, nowMs: Date.UTC(2026, 0, 5) }), undefined, 2));
  return { folder, path };
}

describe('a saved plan', () => {
  test('gives back what was asked for, with the source where it lies from here, and what was seen', async () => {
    const { folder, path } = await saved();

    const { settings, approved } = await readPlanFile(path);

    expect(settings).toEqual({ app: 'shop', sourceFolder: join(folder, 'source'), bakeMs: 60_000 });
    expect(approved.basis['active release']).toBe('RABC');
    expect(approved.madeAt).toBe(Date.UTC(2026, 0, 5));
  });

  test('cannot be edited: neither what was asked for nor what was seen', async () => {
    const { path } = await saved();
    const text = await readFile(path, 'utf8');

    for (const [from, to] of [
      ['60000', '0'],
      ['"RABC"', '"RXYZ"'],
    ] as const) {
      await writeFile(path, text.replace(from, to));
      await expect(readPlanFile(path)).rejects.toMatchObject({ code: 'PLAN_INVALID' });
    }
  });

  test.each([
    ['is not there', undefined, 'ENOENT'],
    ['is no JSON', 'plan', 'no JSON'],
    ['is of another form', '{"form":2}', 'at form'],
  ])('that %s is refused', async (_what, text, saw) => {
    const path = join(await temporaryFolder(), 'plan.json');
    if (text !== undefined) await writeFile(path, text);

    await expect(readPlanFile(path)).rejects.toMatchObject({
      code: 'PLAN_INVALID',
      message: expect.stringContaining(saw) as string,
    });
  });

  test('with blockers is not carried out', async () => {
    const { path } = await saved({ ...PLAN, assessment: undefined, steps: [] });

    await expect(readPlanFile(path)).rejects.toMatchObject({ code: 'PLAN_BLOCKED' });
  });

  test.each([
    [['shop', '--bake', '1m', '--finish', 'keep'], '--finish, --bake: is fixed by the plan'],
    [['other'], 'is a plan for shop, not for other'],
  ])('refuses %o beside it', async (args, saw) => {
    const { path } = await saved();

    const { exitCode, stderr } = await gen2(['migrate', ...args, '--plan', path]);

    expect(exitCode).toBe(2);
    expect(stderr).toContain(saw);
  });
});
