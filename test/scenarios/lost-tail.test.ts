import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Random } from '../../src/sandbox/random.ts';
import { startOperator } from '../../src/sandbox/scenario/operator.ts';
import { writeShopSource } from '../../src/sandbox/scenario/shop-source.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { MortalMigration } from '../support/mortal-migration.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';

/** `GEN2_LOST_TAIL=24` for more points, `GEN2_LOST_TAIL_SEED=7` for others. */
const POINTS = Number(process.env['GEN2_LOST_TAIL'] ?? 6);
const SEED = Number(process.env['GEN2_LOST_TAIL_SEED'] ?? 1);
const AT_ONCE = 6;
const SCALE = 150;
const RACK_VERSION = '20171213132441';
/** An undisturbed migration writes about so many lines. */
const LINES = 330;
/** A broken disk loses at most so many of the last lines, and part of the one before. */
const MOST_LOST = 12;

interface Loss {
  /** The process dies instead of writing this line. */
  readonly diesAt: number;
  readonly lostLines: number;
  /** Of the last line that is left, so many bytes are lost too. */
  readonly lostBytes: number;
}

test('a journal whose end was lost after its effects took place: they are found, not repeated, and the migration ends', async () => {
  const random = new Random(SEED);
  const losses = Array.from({ length: POINTS }, (_, index) => ({
    diesAt: Math.round(((index + random.next()) / POINTS) * LINES) + 4,
    lostLines: random.integer(0, MOST_LOST),
    lostBytes: random.integer(0, 80),
  }));
  const bad: string[] = [];
  const undisturbed = await migrated(undefined);
  const work = async (): Promise<void> => {
    for (let loss = losses.shift(); loss !== undefined; loss = losses.shift()) {
      const told = JSON.stringify(loss);
      const { outcome, effects } = await migrated(loss);
      process.stdout.write(`${told}: ${outcome}\n`);
      if (JSON.stringify(effects) !== JSON.stringify(undisturbed.effects))
        bad.push(`${told}: ${differ(effects, undisturbed.effects)}`);
      else if (outcome !== 'succeeded') bad.push(`${told}: ${outcome}`);
    }
  };

  await Promise.all(Array.from({ length: AT_ONCE }, work));

  expect(undisturbed.outcome).toBe('succeeded');
  expect(bad).toEqual([]);
}, 600_000);

function differ(a: Record<string, unknown>, b: Record<string, unknown>): string {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]))
    .map((key) => `${key}: ${JSON.stringify(a[key])} instead of ${JSON.stringify(b[key])}`)
    .join('; ');
}

/** Migrates, dying and losing the end of the journal once if that is asked for. */
async function migrated(loss: Loss | undefined) {
  const folder = await mkdtemp(join(tmpdir(), 'gen2-lost-tail-'));
  const sandbox = await startSandbox({ scale: SCALE, rackVersion: RACK_VERSION });
  const sendHome = startOperator(sandbox.world, { approveAfterMs: 30_000 });
  await writeShopSource(join(folder, 'source'));
  const migration = new MortalMigration(sandbox, folder);
  let outcome: string;
  try {
    let resumes: 'start' | 'resume' = 'start';
    if (loss !== undefined) {
      await migration.attempt('start', loss.diesAt).catch(() => undefined);
      await loseTail(migration, loss);
      resumes = 'resume';
    }
    outcome = (await migration.attempt(resumes)).outcome ?? 'not over';
  } catch (error) {
    outcome = error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error);
  }
  const effects = effectsOf(sandbox);
  sendHome();
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
  return { outcome, effects };
}

async function loseTail(migration: MortalMigration, { lostLines, lostBytes }: Loss): Promise<void> {
  const [view] = await migration.engine().list({ app: 'shop' });
  if (view === undefined) throw new Error('it died before it began');
  const path = join(view.location, 'journal.jsonl');
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  const left = lines.slice(0, Math.max(4, lines.length - lostLines)).join('\n');
  await writeFile(path, Buffer.from(`${left}\n`).subarray(0, Math.max(1, left.length + 1 - lostBytes)));
}

/** How often each thing was done that can be done twice, and what there is at the end. */
function effectsOf(sandbox: Sandbox): Record<string, unknown> {
  const { world } = sandbox;
  const operations = world.cloudFormation
    .list()
    .filter(({ parentArn }) => parentArn === undefined)
    .flatMap(({ name, events }) =>
      events
        .filter(({ logicalId, status }) => logicalId === name && /^(CREATE|UPDATE|DELETE)_IN_PROGRESS$/.test(status))
        .map(({ status }) => `${name} ${status}`),
    );
  return {
    operations: operations.toSorted(),
    builds: [...sandbox.rack.store.builds.values()].map(({ app, status }) => `${app} ${status}`).toSorted(),
    recordChanges: world.route53.changes.size,
    certificates: world.acm.certificates.size,
    stacks: worldSnapshot(sandbox).stacks.map(({ name }) => name),
  };
}
