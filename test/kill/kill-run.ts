import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTraffic } from '../../src/sandbox/network/traffic/start-traffic.ts';
import { startOperator } from '../../src/sandbox/scenario/operator.ts';
import { writeShopSource } from '../../src/sandbox/scenario/shop-source.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { countStackOperations, effectsOf, type Effects } from './effects.ts';
import type { KillPoint } from './points.ts';

export interface KillRunResult {
  readonly point: KillPoint;
  /** Undefined when it went as it must. */
  readonly problem: string | undefined;
  /** False when the run was over before it came to the point. */
  readonly died: boolean;
  readonly effects: Effects;
  readonly failedRequests: Readonly<Record<string, number>>;
  readonly sentRequests: number;
  /** Lines written into the record and mutating requests sent, of the last process: of an undisturbed run, all. */
  readonly writes: number;
  readonly mutations: number;
  /** Real ms from the death of a process until another one went on. */
  readonly takenOverMs: number | undefined;
}

/** What became of a migration that was moved by processes of its own. */
export type Moved = Pick<KillRunResult, 'problem' | 'died' | 'writes' | 'takenOverMs'>;

/** Runs a whole migration of `shop` in child processes, one of which dies at `point`. */
export type Mover = (place: KillPlace) => Promise<Moved>;

export interface KillPlace {
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly sourceFolder: string;
  readonly point: KillPoint;
  readonly killer: Killer;
  /** What a child needs to reach the sandbox: `connectChild` takes it. */
  readonly access: Readonly<Record<string, unknown>>;
}

/**
 * Simulated ms per real ms. The sum of all limits that are real (a task's start, a handshake) must stay far below the
 * simulated ones: 5 min of AWS's clock skew are 600 ms here, and both apps must answer for every name within 3.6 s.
 */
const SCALE = 500;
/** Less time for what is only waited out: a wait costs looks, and looks cost the CPU that the next point needs. */
const DURATIONS = {
  ...{ resourceMs: 1_000, loadBalancerMs: 15_000, imagePullMs: 5_000, buildMs: 15_000 },
  ...{ dnsValidationMs: 15_000, zoneChangeMs: 5_000, appCleanupMs: 10_000 },
};
/** Clients of the app, who must not lose a request: so many come in a real second. */
const REQUESTS_PER_SECOND = 5;
/** How patient they are, in real ms: on a busy machine an answer may be late, but must not be lost. */
const PATIENCE_MS = 30_000;

export async function killRun(point: KillPoint, move: Mover, rackName = 'convox'): Promise<KillRunResult> {
  const rackVersion = '20171213132441';
  const sandbox = await startSandbox({ scale: SCALE, rackVersion, rackName, durations: DURATIONS });
  const stackOperations = countStackOperations(sandbox);
  const folder = await mkdtemp(join(tmpdir(), 'gen2-kill-'));
  const stopOperator = startOperator(sandbox.world, { approveAfterMs: 30_000 });
  const traffic = startTraffic({
    endpoints: sandbox.endpoints,
    clock: sandbox.world.clock,
    ratePerSecond: REQUESTS_PER_SECOND,
    timeoutMs: PATIENCE_MS,
    targets: [
      { host: 'shop.example.com', scheme: 'https', path: '/', view: 'public', app: 'shop' },
      { host: 'api.corp.example.com', scheme: 'http', path: '/', view: 'vpc', app: 'shop' },
    ],
  });
  try {
    const sourceFolder = join(folder, 'source');
    await writeShopSource(sourceFolder);
    const killer = new Killer(sandbox, point);
    const access = accessTo(sandbox);
    const moved = await move({ sandbox, folder, sourceFolder, point, killer, access });
    const report = traffic.snapshot();
    return {
      ...moved,
      point,
      effects: effectsOf(sandbox, stackOperations),
      failedRequests: report.byCause,
      sentRequests: report.sent,
      mutations: killer.seen,
    };
  } finally {
    stopOperator();
    await traffic.stop();
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Kills a child at a mutating request, at the exact moment: the sandbox has it in hand. */
export class Killer {
  seen = 0;
  /** The process that works. */
  victim: ChildProcess | undefined;
  #armed = true;

  constructor({ world }: Sandbox, point: KillPoint) {
    world.faults.add(({ mutates }) => {
      if (!mutates) return undefined;
      this.seen += 1;
      const isHere = point.at === 'before' || point.at === 'after' ? point.number === this.seen : false;
      if (!this.#armed || !isHere) return undefined;
      this.#armed = false;
      this.victim?.kill('SIGKILL');
      return { type: 'reset', applied: point.at === 'after' };
    });
  }
}

function accessTo({ endpoints, world }: Sandbox): Readonly<Record<string, unknown>> {
  const { scale, startMs, realStartMs } = world.clock;
  const { publicDns, vpcDns, dnsPort, ports, caPem, rackUrl, awsUrl, versionsUrl } = endpoints;
  const { rackPassword: password, accessKeyId, secretAccessKey } = world.settings;
  return {
    ...{ rackUrl, password, awsUrl, versionsUrl, credentials: { accessKeyId, secretAccessKey } },
    ...{ scale, startMs, realStartMs, publicDns, vpcDns, dnsPort, ports, caPem },
  };
}
