import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readJournal } from '../../src/orchestrator/engines/local/journal-format.ts';
import { resumeMigration, startMigration, undoMigration } from '../../src/orchestrator/migrate.ts';
import { playground } from '../cli/support/sandbox.ts';
import { startShopMigration } from '../support/shop-migration.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';

const signal = new AbortController().signal;
const mounts: string[] = [];

/** A small disk of its own; undefined where mounting is not allowed. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'gen2-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  mounts.push(folder);
  return folder;
}

const canMount = smallDisk() !== undefined;

/** Writes until not a byte is left, and gives the file that took it all. */
function fill(disk: string): string {
  const path = join(disk, 'filler');
  const file = openSync(path, 'a');
  for (const size of [65_536, 1]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size, 1));
    } catch {
      continue;
    }
  }
  closeSync(file);
  return path;
}

function unmountAll(): void {
  for (const folder of mounts.splice(0)) {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  }
}
unmountAll();
afterEach(unmountAll);

describe('before anything is changed, a migration is refused', () => {
  test.skipIf(!canMount).each([
    ['on a full disk', (disk: string) => void fill(disk), /ENOSPC/],
    ['on a read-only disk', (disk: string) => void execFileSync('mount', ['-o', 'remount,ro', disk]), /EROFS/],
  ])(
    '%s',
    async (_what, prepare, reason) => {
      const disk = smallDisk() ?? '';
      prepare(disk);
      const world = await playground();

      const { exitCode, stderr } = await world.run('migrate', 'shop', '--source', 'shop', '--state', disk);

      expect(stderr).toContain('error[STATE_UNWRITABLE]');
      expect(stderr).toMatch(reason);
      expect(stderr).toContain('--state or GEN2_STATE');
      expect(exitCode).toBe(6);
      expect(world.mutations).toEqual([]);
    },
    60_000,
  );

  test('where a file stands in the place of the state directory', async () => {
    const world = await playground();
    writeFileSync(join(world.folder, 'state'), '');

    const { exitCode, stderr } = await world.run('migrate', 'shop', '--source', 'shop', '--state', 'state');

    expect(stderr).toMatch(/error\[STATE_UNWRITABLE\].*(ENOTDIR|EEXIST)/);
    expect(exitCode).toBe(6);
    expect(world.mutations).toEqual([]);
  }, 60_000);
});

test.skipIf(!canMount)(
  'a disk that becomes full on the way stops the migration at a safe point; with room again it goes on, or back',
  async () => {
    const disk = smallDisk() ?? '';
    const state = join(disk, 'state');
    mkdirSync(state);
    const shop = await startShopMigration({ scale: 400, state });
    const before = worldSnapshot(shop.sandbox);
    let filler = '';
    const listener: typeof shop.request.listener = (event) => {
      if (event.type === 'step-started' && event.step === 'build-temporary-app' && filler === '') filler = fill(disk);
    };

    await expect(
      startMigration({ ...shop.request, listener, settings: shop.settings, until: 'prepare' }, signal),
    ).rejects.toMatchObject({ code: 'STATE_UNWRITABLE', message: expect.stringContaining('ENOSPC') as string });

    // Full to the last byte, and yet no line but the last can be half written.
    const [view] = await shop.engine.list({ app: 'shop' });
    const text = readFileSync(join(view?.location ?? '', 'journal.jsonl'), 'utf8');
    expect(readJournal(text, 'journal').lines.length).toBeGreaterThan(10);
    await expect(
      resumeMigration({ ...shop.request, filter: { app: 'shop' }, until: 'prepare' }, signal),
    ).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' });

    rmSync(filler);
    const { outcome } = await resumeMigration({ ...shop.request, filter: { app: 'shop' }, until: 'prepare' }, signal);
    expect(outcome).toBeUndefined();
    await undoMigration({ ...shop.request, filter: { app: 'shop' }, direction: 'abort' }, signal);
    expect(worldSnapshot(shop.sandbox)).toEqual(before);
    await shop.close();
  },
  120_000,
);
