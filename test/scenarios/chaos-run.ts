import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeThrough, type Attempt } from '../../src/cli/rehearsal/see-through.ts';
import { exportFolder } from '../../src/connect/folders.ts';
import { MigrationError } from '../../src/errors.ts';
import type { GateAnswer } from '../../src/orchestrator/engine.ts';
import { LocalEngine } from '../../src/orchestrator/engines/local/local-engine.ts';
import {
  resumeMigration,
  startMigration,
  undoMigration,
  type MigrateRequest,
  type MigrationResult,
} from '../../src/orchestrator/migrate.ts';
import { startTraffic } from '../../src/sandbox/network/traffic/start-traffic.ts';
import { Random } from '../../src/sandbox/random.ts';
import { startOperator } from '../../src/sandbox/scenario/operator.ts';
import { writeShopSource } from '../../src/sandbox/scenario/shop-source.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { scaledClock, type Clock } from '../../src/time/clock.ts';
import { connectToSandbox } from '../support/shop-migration.ts';
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
  const run = new Attempts(sandbox, folder, { deaths, rejects });
  await writeShopSource(join(folder, 'source'));
  let outcome: string;
  try {
    const onStop = (error: MigrationError, next: Attempt): void =>
      void stops.push(`[${error.code}] ${error.message} → ${next}`);
    const result = await seeThrough(
      { app: APP, engine: run.engine(), attempt: (what) => run.make(what), onStop },
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

/** Each attempt is made as by a new process: own engine, own connections. */
class Attempts {
  readonly #sandbox: Sandbox;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #deaths: number[];
  readonly #rejects: string | undefined;

  constructor(sandbox: Sandbox, folder: string, course: Pick<Course, 'deaths' | 'rejects'>) {
    this.#sandbox = sandbox;
    this.#folder = folder;
    this.#clock = scaledClock(sandbox.clock);
    this.#deaths = [...course.deaths];
    this.#rejects = course.rejects;
  }

  engine(clock: Clock = this.#clock): LocalEngine {
    const exists = (pid: number): boolean => pid === process.pid;
    return new LocalEngine({
      state: join(this.#folder, 'state'),
      clock,
      process: { pid: process.pid, exists },
      approver: (gate): Promise<GateAnswer> => Promise.resolve({ approved: gate !== this.#rejects, by: 'chaos test' }),
    });
  }

  async make(what: Attempt): Promise<MigrationResult> {
    const life = new AbortController();
    const { signal } = life;
    const diesAt = this.#deaths.shift();
    let lines = 0;
    // The journal asks its clock right before it writes a line: from the one at which the process dies on, none is
    // written, and what is under way is cut off.
    const clock: Clock = {
      ...this.#clock,
      now: () => {
        lines += 1;
        if (lines === diesAt) life.abort(new Error('died'));
        signal.throwIfAborted();
        return this.#clock.now();
      },
    };
    try {
      const connection = await connectToSandbox(this.#sandbox, false);
      try {
        const request: MigrateRequest = {
          ports: connection.ports,
          engine: this.engine(clock),
          exportTo: (execution) => exportFolder(join(this.#folder, 'state', 'convox', APP, execution, 'export')),
        };
        const settings = { app: APP, sourceFolder: join(this.#folder, 'source') };
        if (what === 'start') return await startMigration({ ...request, settings }, signal);
        if (what === 'resume') return await resumeMigration({ ...request, filter: { app: APP } }, signal);
        return await undoMigration({ ...request, filter: { app: APP }, direction: 'abort' }, signal);
      } finally {
        connection.close();
      }
    } catch (error) {
      if (signal.aborted) throw new MigrationError('STOPPED', `the process died at line ${lines}`);
      throw error;
    }
  }
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
