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

/** The first row that the final app makes: its release. */
const ENVIRONMENT_IS_BACK = 'copy-environment-back/set-1';
/** What comes right after that. */
const EXPORT_OF_TESTED_BUILD = /^GET \/apps\/shop-gen2\/builds\/[^/]+\.tgz$/;

interface Loss {
  /** The process dies instead of writing this line, or at this request. */
  readonly diesAt: number | RegExp;
  /** How many lines are left of those. */
  readonly keep: (lines: readonly string[]) => number;
  /** Of the last line that is left, so many bytes are lost too. */
  readonly lostBytes: number;
}

test('a journal whose end was lost after its effects took place: they are found, not repeated, and the migration ends', async () => {
  const random = new Random(SEED);
  const losses = Array.from({ length: POINTS }, (_, index) => {
    const diesAt = Math.round(((index + random.next()) / POINTS) * LINES) + 4;
    const lostLines = random.integer(0, MOST_LOST);
    const lostBytes = random.integer(0, 80);
    const told = `dies at line ${diesAt}, ${lostLines} lines and ${lostBytes} bytes lost`;
    return { diesAt, keep: ({ length }: readonly string[]) => length - lostLines, lostBytes, told };
  });
  const bad: string[] = [];
  const undisturbed = await migrated(undefined);
  const work = async (): Promise<void> => {
    for (let loss = losses.shift(); loss !== undefined; loss = losses.shift()) {
      const { told } = loss;
      const { outcome, effects } = await migrated(loss);
      process.stdout.write(`${told}: ${outcome}\n`);
      const sameEffects = JSON.stringify(effects) === JSON.stringify(undisturbed.effects);
      if (!sameEffects || outcome !== 'succeeded')
        bad.push(`${told}: ${outcome}; ${differ(effects, undisturbed.effects)}`);
    }
  };

  await Promise.all(Array.from({ length: AT_ONCE }, work));

  expect(undisturbed.outcome).toBe('succeeded');
  expect(bad).toEqual([]);
}, 600_000);

test('a journal lost back to before the final app was made, whose own releases are there: they are not taken for old ones', async () => {
  const undisturbed = await migrated(undefined);
  const lost = await migrated({
    diesAt: EXPORT_OF_TESTED_BUILD,
    keep: (lines) => {
      expect(lines.some((line) => finishes(line, ENVIRONMENT_IS_BACK))).toBe(true);
      return lines.findIndex((line) => finishes(line, 'create-final-app/stack'));
    },
    lostBytes: 0,
  });

  expect(lost.outcome).toBe('succeeded');
  expect(lost.effects).toEqual(undisturbed.effects);
}, 600_000);

function finishes(line: string, step: string): boolean {
  return line.includes(`"type":"step-finished","step":"${step}"`);
}

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
      const { diesAt } = loss;
      await migration
        .attempt('start', typeof diesAt === 'number' ? diesAt : firstRequest(sandbox, diesAt))
        .catch(() => undefined);
      await loseTail(migration, loss);
      resumes = 'resume';
    }
    outcome = (await migration.attempt(resumes)).outcome ?? 'not over';
  } catch (error) {
    outcome = error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error);
  }
  const effects = effectsOf(sandbox);
  const { lines } = await journalOf(migration);
  sendHome();
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
  return { outcome, effects, lines };
}

/** Aborted when a request like this comes. */
function firstRequest({ world }: Sandbox, like: RegExp): AbortSignal {
  const came = new AbortController();
  world.faults.add(({ operation }) => {
    if (like.test(operation)) came.abort(new Error('died'));
    return undefined;
  });
  return came.signal;
}

async function loseTail(migration: MortalMigration, { keep, lostBytes }: Loss): Promise<void> {
  const { path, lines } = await journalOf(migration);
  const left = lines.slice(0, Math.max(4, keep(lines))).join('\n');
  await writeFile(path, Buffer.from(`${left}\n`).subarray(0, Math.max(1, left.length + 1 - lostBytes)));
}

async function journalOf(migration: MortalMigration) {
  const [view] = await migration.engine().list({ app: 'shop' });
  if (view === undefined) throw new Error('it died before it began');
  const path = join(view.location, 'journal.jsonl');
  return { path, lines: (await readFile(path, 'utf8')).split('\n').slice(0, -1) };
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
