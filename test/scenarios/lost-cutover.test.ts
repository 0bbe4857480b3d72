import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resumeMigration, startMigration, undoMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration } from '../support/shop-migration.ts';

const signal = new AbortController().signal;
const filter = { app: 'shop' };

test('a journal that has lost the whole cutover: abort does not delete the app that serves, resume finds what was done', async () => {
  const shop = await startShopMigration({ scale: 150, rackVersion: '20260421192651' });
  const { settings } = shop;
  const { execution } = await startMigration({ ...shop.request, settings, until: 'cutover' }, signal);
  const changes = shop.sandbox.world.route53.changes.size;
  const path = join(shop.state, 'convox', 'shop', execution, 'journal.jsonl');
  const lines = (await readFile(path, 'utf8')).split('\n');
  const gate = lines.findIndex((line) => line.includes('"type":"gate-opened"'));
  expect(gate).toBeGreaterThan(20);
  await writeFile(path, `${lines.slice(0, gate).join('\n')}\n`);

  await expect(undoMigration({ ...shop.request, filter, direction: 'abort' }, signal)).rejects.toMatchObject({
    code: 'UNDO_FAILED',
    message: expect.stringMatching(/shop\.example\.com.* still leads to shop-gen2/) as string,
  });
  expect(await shop.connection.rack.apps.get('shop-gen2', signal)).toMatchObject({ status: 'running' });

  const left = (await readFile(path, 'utf8')).split('\n');
  const turn = left.findIndex((line) => line.includes('"type":"direction"'));
  await writeFile(path, `${left.slice(0, turn).join('\n')}\n`);
  const { outcome } = await resumeMigration({ ...shop.request, filter, until: 'cutover' }, signal);

  expect(outcome).toBeUndefined();
  expect(shop.sandbox.world.route53.changes.size).toBe(changes);
  await shop.close();
}, 180_000);
