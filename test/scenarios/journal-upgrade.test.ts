import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { resumeMigration, startMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration } from '../support/shop-migration.ts';

const signal = new AbortController().signal;

/** As version 1 wrote it: each line with a checksum of itself alone. */
function inFormat1(journal: string): string {
  return journal
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const json = line
        .slice(9)
        .replace('"type":"execution-created","version":2', '"type":"execution-created","version":1');
      return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
    })
    .join('');
}

test('a migration begun with journal format 1 is gone on with, from first cutover to last report', async () => {
  const shop = await startShopMigration({ scale: 150, rackVersion: '20260421192651' });
  const { execution } = await startMigration({ ...shop.request, settings: shop.settings, until: 'prepare' }, signal);
  const path = join(shop.state, 'convox', 'shop', execution, 'journal.jsonl');
  const old = inFormat1(await readFile(path, 'utf8'));
  expect(old).toContain('"version":1');
  await writeFile(path, old);

  const { outcome } = await resumeMigration({ ...shop.request, filter: { app: 'shop' } }, signal);

  expect(outcome).toBe('succeeded');
  expect(await readFile(`${path}.v1`, 'utf8')).toBe(old);
  const built = shop.events.filter((event) => event.type === 'step-started' && event.step === 'build-temporary-app');
  expect(built).toHaveLength(1);
  await shop.close();
}, 180_000);
