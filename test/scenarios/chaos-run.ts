import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeThrough, type Attempt } from '../../src/cli/rehearsal/see-through.ts';
import { MigrationError } from '../../src/errors.ts';
import { startTraffic } from '../../src/sandbox/network/traffic/start-traffic.ts';
import { Random } from '../../src/sandbox/random.ts';
import { startOperator } from '../../src/sandbox/scenario/operator.ts';
import { writeShopSource } from '../../src/sandbox/scenario/shop-source.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { MortalMigration } from '../support/mortal-migration.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';

export interface ChaosRunResult {
  readonly seed: number;
  readonly outcome: string;
  /** What is wrong with the end; undefined when it is a success or a complete way back. */
  readonly problem: string | undefined;
  /** What made the migration stop on its way, and what was done then. */
  readonly stops: readonly string[];
  /** How often each kind of fault struck. */
  readonly strikes: string;
  readonly wallMs: number;
}

const APP = 'shop';
const VERSIONS = ['20171213132441', '20180901000000', '20260421192651'] as const;
/** An undisturbed migration writes about so many lines into its journal. */
const JOURNAL_LINES = 450;

/** What a seed decides besides the faults (`src/sandbox/scenario/chaos.ts`). */
interface Course {
  readonly rackVersion: string;
  /** The gate at which somebody says no. */
  readonly rejects: string | undefined;
  /** The first promote of the temporary app is rolled back by CloudFormation. */
  readonly promoteFails: boolean;
  /** The process of each of the first attempts dies instead of writing its journal's line of this number. */
  readonly deaths: readonly number[];
}

function courseOf(seed: number): Course {
  const random = new Random(seed + 77);
  const rackVersion = VERSIONS[seed % VERSIONS.length] ?? VERSIONS[0];
  const rejects = [undefined, 'approve-commit', undefined, undefined, 'approve-cutover', undefined][
    random.integer(0, 5)
  ];
  const deaths = Array.from({ length: random.integer(0, 2) }, () => random.integer(1, JOURNAL_LINES));
  return { rackVersion, rejects, promoteFails: random.next() < 0.2, deaths };
}

/** A migration under chaos and traffic, seen through to its end. */
export async function chaosRun(seed: number, scale: number): Promise<ChaosRunResult> {
  const startedAt = performance.now();
  const { rackVersion, rejects, promoteFails, deaths } = courseOf(seed);
  const folder = await mkdtemp(join(tmpdir(), 'gen2-chaos-'));
  const sandbox = await startSandbox({ scale, seed, rackVersion, chaos: seed });
  const sendHome = startOperator(sandbox.world, { approveAfterMs: 60_000 });
  const before = JSON.stringify(worldSnapshot(sandbox));
  const environment = environmentOf(sandbox);
  const traffic = startTraffic({
    endpoints: sandbox.endpoints,
    clock: sandbox.world.clock,
    ratePerSecond: 4,
    targets: [
      { host: 'shop.example.com', scheme: 'https', path: '/', view: 'public', app: APP },
      { host: 'api.corp.example.com', scheme: 'http', path: '/', view: 'vpc', app: APP },
    ],
    timeoutMs: 30_000,
  });
  if (promoteFails) sandbox.world.cloudFormation.failNext('convox-shop-gen2', 'ServiceWebService', 'no room');
  const stops: string[] = [];
  const migration = new MortalMigration(sandbox, folder, rejects === undefined ? {} : { rejects });
  const lives = [...deaths];
  await writeShopSource(join(folder, 'source'));
  let outcome: string;
  try {
    const onStop = (error: MigrationError, next: Attempt): void =>
      void stops.push(`[${error.code}] ${error.message} → ${next}`);
    const result = await seeThrough(
      { app: APP, engine: migration.engine(), attempt: (what) => migration.attempt(what, lives.shift()), onStop },
      new AbortController().signal,
    );
    outcome = result.outcome ?? 'in between';
  } catch (error) {
    outcome = MigrationError.is(error) ? `stuck: [${error.code}] ${error.message}` : String(error);
    if (!MigrationError.is(error) && error instanceof Error) outcome += ` ${error.stack ?? ''}`;
  }
  const report = await traffic.stop();
  const problem =
    (outcome === 'succeeded'
      ? problemOfSuccess(sandbox, environment)
      : outcome === 'aborted'
        ? problemOfAbort(sandbox, before)
        : `ended ${outcome}`) ??
    (report.failed === 0 ? undefined : `requests failed: ${JSON.stringify(report.byCause)}`);
  const strikes = sandbox.world.counters
    .entries()
    .filter(([key]) => key.startsWith('chaos '))
    .map(([key, count]) => `${count} ${key.slice('chaos '.length)}`)
    .join(', ');
  sendHome();
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
  return { seed, outcome, problem, stops, strikes, wallMs: performance.now() - startedAt };
}

function problemOfAbort(sandbox: Sandbox, before: string): string | undefined {
  const after = JSON.stringify(worldSnapshot(sandbox));
  return after === before ? undefined : `taken back, but the world differs: ${after} instead of ${before}`;
}

function problemOfSuccess(sandbox: Sandbox, before: ReadonlyMap<string, string>): string | undefined {
  const apps = sandbox.world.cloudFormation
    .list()
    .filter(({ parentArn, deletedAt }) => parentArn === undefined && deletedAt === undefined)
    .map(({ name, tags, status }) => `${name} ${tags.get('Generation') ?? ''} ${status}`);
  if (!apps.some((app) => /^convox-shop 2 (CREATE|UPDATE)_COMPLETE$/.test(app)) || apps.join().includes('shop-gen2'))
    return `succeeded, but the apps are ${apps.join(', ')}`;
  const after = environmentOf(sandbox);
  const wrong = [...before].filter(([name, value]) => after.get(name) !== value).map(([name]) => name);
  return wrong.length === 0 ? undefined : `succeeded, but ${wrong.join(', ')} of the environment differ`;
}

/** The environment in the newest release of the app, asked past the rack's API, which may be away. */
function environmentOf({ rack }: Sandbox): ReadonlyMap<string, string> {
  const releases = [...rack.store.releases.values()].filter(({ app }) => app === APP);
  const newest = releases.toSorted((a, b) => b.createdAt - a.createdAt)[0];
  return new Map((newest?.env ?? '').split('\n').map((line) => [line.split('=')[0] ?? '', line]));
}
