import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTraffic } from '../../src/sandbox/network/traffic/start-traffic.ts';
import { startOperator } from '../../src/sandbox/scenario/operator.ts';
import { writeShopSource } from '../../src/sandbox/scenario/shop-source.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';

/** A moment at which the migration's process dies. */
export type KillPoint =
  | { readonly at: 'journal write'; readonly number: number }
  /** The request is refused a connection, or takes effect while its answer is never heard. */
  | { readonly at: 'before request' | 'after request'; readonly number: number }
  | { readonly at: 'never' };

export interface KillRunResult {
  readonly point: KillPoint;
  /** Undefined when it went as it must. */
  readonly problem: string | undefined;
  readonly effects: Effects;
  readonly failedRequests: Readonly<Record<string, number>>;
  readonly sentRequests: number;
  /** Journal lines written and mutating requests sent by an undisturbed run: the kill points there are. */
  readonly writes: number;
  readonly mutations: number;
}

/** What the world looks like at the end, and how often each effect happened; without ids, which differ. */
export interface Effects {
  /** How often each stack was asked to be created, updated, deleted: `create convox-shop`. */
  readonly stackOperations: Readonly<Record<string, number>>;
  readonly recordChanges: number;
  readonly certificates: number;
  readonly records: readonly string[];
  readonly apps: readonly string[];
}

/** Simulated ms per real ms: as fast as two cores take it without waiting for nothing. */
const SCALE = 800;
const CHILD_LIMIT_MS = 90_000;
const MAX_RESUMES = 3;
const CHILD = new URL('child.mjs', import.meta.url).pathname;

/** Runs a whole migration of `shop` in child processes, the first of which dies at `point`. */
export async function killRun(point: KillPoint, rackVersion = '20171213132441'): Promise<KillRunResult> {
  const sandbox = await startSandbox({ scale: SCALE, rackVersion });
  const stackOperations = countStackOperations(sandbox);
  const folder = await mkdtemp(join(tmpdir(), 'gen2-kill-'));
  const stopOperator = startOperator(sandbox.world, { approveAfterMs: 30_000 });
  const traffic = startTraffic({
    endpoints: sandbox.endpoints,
    clock: sandbox.world.clock,
    ratePerSecond: 10,
    targets: [
      { host: 'shop.example.com', scheme: 'https', path: '/', view: 'public', app: 'shop' },
      { host: 'api.corp.example.com', scheme: 'http', path: '/', view: 'vpc', app: 'shop' },
    ],
  });
  try {
    await writeShopSource(join(folder, 'source'));
    const killer = new Killer(sandbox, point);
    let last = await runChild(sandbox, folder, point.at === 'journal write' ? point.number : undefined, killer);
    for (let resumes = 0; last.killed && resumes < MAX_RESUMES; resumes += 1) {
      killer.disarm();
      last = await runChild(sandbox, folder, undefined, killer);
    }
    const report = traffic.snapshot();
    const said = /"writes":(\d+)/.exec(last.output)?.[1];
    return {
      point,
      problem: last.code === 0 ? undefined : `exit ${last.code ?? 'by signal'}: ${last.output.slice(-2000)}`,
      effects: effectsOf(sandbox, stackOperations),
      failedRequests: report.byCause,
      sentRequests: report.sent,
      writes: Number(said ?? 0),
      mutations: killer.seen,
    };
  } finally {
    stopOperator();
    await traffic.stop();
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Kills the child at a mutating request, at the exact moment: the sandbox has it in hand. */
class Killer {
  seen = 0;
  child: ChildProcess | undefined;
  #armed = true;

  constructor({ world }: Sandbox, point: KillPoint) {
    world.faults.add(({ mutates }) => {
      if (!mutates) return undefined;
      this.seen += 1;
      const isHere = point.at === 'before request' || point.at === 'after request' ? point.number === this.seen : false;
      if (!this.#armed || !isHere) return undefined;
      this.child?.kill('SIGKILL');
      return { type: 'reset', applied: point.at === 'after request' };
    });
  }

  disarm(): void {
    this.#armed = false;
  }
}

interface ChildEnd {
  readonly code: number | null;
  readonly killed: boolean;
  readonly output: string;
}

function runChild(
  sandbox: Sandbox,
  folder: string,
  killAtWrite: number | undefined,
  killer: Killer,
): Promise<ChildEnd> {
  const { endpoints, world } = sandbox;
  const { scale, startMs, realStartMs } = world.clock;
  const { publicDns, vpcDns, dnsPort, ports, caPem, rackUrl, awsUrl, versionsUrl } = endpoints;
  const { rackPassword: password, accessKeyId, secretAccessKey } = world.settings;
  const orders = {
    ...{ rackUrl, password, awsUrl, versionsUrl, killAtWrite },
    credentials: { accessKeyId, secretAccessKey },
    access: { scale, startMs, realStartMs, publicDns, vpcDns, dnsPort, ports, caPem },
    state: join(folder, 'state'),
    sourceFolder: join(folder, 'source'),
  };
  const child = spawn(process.execPath, [CHILD], {
    env: {
      ...process.env,
      GEN2_KILL_CHILD: JSON.stringify(orders),
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  killer.child = child;
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  const limit = setTimeout(() => child.kill('SIGTERM'), CHILD_LIMIT_MS);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, killed: signal === 'SIGKILL', output });
    });
  });
}

/** Counts what is asked of CloudFormation from now on, by operation and stack name. */
function countStackOperations({ world }: Sandbox): Record<string, number> {
  const counts: Record<string, number> = {};
  const { cloudFormation } = world;
  const count = (operation: string, name: string): void => {
    const key = `${operation} ${cloudFormation.find(name)?.name ?? name}`;
    counts[key] = (counts[key] ?? 0) + 1;
  };
  const create = cloudFormation.createStack.bind(cloudFormation);
  const update = cloudFormation.updateStack.bind(cloudFormation);
  const remove = cloudFormation.deleteStack.bind(cloudFormation);
  cloudFormation.createStack = (request) => {
    if (request.parentArn === undefined) count('create', request.name);
    return create(request);
  };
  cloudFormation.updateStack = (name, ...rest) => {
    update(name, ...rest);
    if (cloudFormation.find(name)?.parentArn === undefined) count('update', name);
  };
  cloudFormation.deleteStack = (name) => {
    if (cloudFormation.find(name)?.parentArn === undefined) count('delete', name);
    remove(name);
  };
  return counts;
}

function effectsOf({ world }: Sandbox, stackOperations: Readonly<Record<string, number>>): Effects {
  const records = [...world.route53.zones.values()].flatMap(({ recordSets }) =>
    recordSets
      .filter(({ type }) => type !== 'NS' && type !== 'SOA')
      .map(({ name, type, ttl, values, alias }) => {
        const target = alias?.dnsName ?? values?.[0] ?? '';
        const leadsTo = /router|-rti/i.test(target)
          ? 'rack balancer'
          : /^(dualstack\.)?(internal-)?shop-/i.test(target)
            ? 'old'
            : 'other';
        return `${name} ${type} ${ttl ?? 'alias'} ${leadsTo}`;
      }),
  );
  const live = world.cloudFormation
    .list()
    .filter(({ deletedAt, parentArn }) => deletedAt === undefined && parentArn === undefined);
  return {
    stackOperations: Object.fromEntries(Object.entries(stackOperations).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    recordChanges: world.route53.changes.size,
    certificates: world.acm.certificates.size,
    records: records.toSorted(),
    apps: live.map(({ name, tags }) => `${name} ${tags.get('Generation') ?? ''}`).toSorted(),
  };
}
