import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../connect/connect.ts';
import type { EventListener, MigrationEvent } from '../../orchestrator/events.ts';
import type { TrafficOptions } from '../../sandbox/network/traffic/start-traffic.ts';
import type { TrafficReport } from '../../sandbox/network/traffic/traffic-report.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/sandbox.ts';
import { startOperator } from '../../sandbox/scenario/operator.ts';
import { writeShopSource } from '../../sandbox/scenario/shop-source.ts';
import { worldSnapshot } from '../../sandbox/world-snapshot.ts';
import { scaledClock, type Clock } from '../../time/clock.ts';
import { sandboxNetwork } from '../sandbox-network.ts';
import type { ProcedureEnd, RehearsedProcedure } from './stage.ts';
import { SHOP_TARGETS } from './targets.ts';
import { startTrafficProcess, type ProcessRuntime, type TrafficProcess } from './traffic-process.ts';

/** What is asked for, and by whom, where it differs from the usual visitors of the shop. */
export type TrafficShape = Pick<TrafficOptions, 'clients' | 'regulars'> & Partial<Pick<TrafficOptions, 'targets'>>;

export interface RehearsalOptions {
  readonly procedure: RehearsedProcedure;
  readonly sandbox: SandboxOptions;
  /** Requests a real second. */
  readonly ratePerSecond: number;
  readonly traffic?: TrafficShape;
  /** For the process that sends the traffic. */
  readonly runtime?: ProcessRuntime;
  readonly process: { readonly pid: number; readonly exists: (pid: number) => boolean };
  readonly listener: EventListener;
  /** Called once the sandbox is there and traffic flows, before the migration begins. */
  readonly onReady: (ready: { readonly clock: Clock; readonly sandbox: Sandbox }) => void;
  /** Tells what the operator did. */
  readonly onOperator: (what: string) => void;
}

export interface RehearsalResult extends ProcedureEnd {
  /** It was taken back, and nothing differs from before. */
  readonly leftNoTrace: boolean;
  readonly traffic: TrafficReport;
  /** By service, `rack` and AWS's own names. */
  readonly apiCalls: ReadonlyMap<string, number>;
  readonly rackVersion: string;
  /** Simulated ms a person took for whatever waited for them. */
  readonly operatorMs: number;
  readonly wallMs: number;
}

/** Simulated ms from a mail's arrival to the click on its link, and from whatever else waits for a person to its end. */
const OPERATOR_MS = 60_000;
/** Real ms until a request counts as failed: a busy machine alone must not reach it. */
const REQUEST_TIMEOUT_MS = 20_000;
/** Real ms of traffic before the migration begins and after it ended, so that both states are measured too. */
const MARGIN_MS = 1_500;

/** Migrates the sandbox's shop from first to last under live traffic, with a scripted operator. */
export async function rehearse(options: RehearsalOptions, signal: AbortSignal): Promise<RehearsalResult> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'gen2-rehearsal-'));
  const sandbox = await startSandbox(options.sandbox);
  const { clock, settings } = sandbox.world;
  const mailListeners: ((domain: string) => void)[] = [];
  const sendOperatorHome = startOperator(sandbox.world, {
    approveAfterMs: OPERATOR_MS,
    onApproval: (domain) => {
      options.onOperator(`followed the link in the certificate mail for ${domain}`);
      for (const listener of mailListeners) listener(domain);
    },
  });
  const traffic = sendTraffic(options, sandbox);
  let report: Promise<TrafficReport> | undefined;
  const stopTraffic = (): Promise<TrafficReport> => (report ??= traffic.stop());
  const before = JSON.stringify(worldSnapshot(sandbox));
  try {
    options.onReady({ clock, sandbox });
    await clock.sleep(MARGIN_MS * settings.scale, signal);
    const end = await perform(options, { sandbox, folder, traffic, mailListeners }, signal);
    if (end.failure === undefined) await clock.sleep(MARGIN_MS * settings.scale, signal);
    return {
      ...end,
      leftNoTrace: end.view?.outcome === 'aborted' && JSON.stringify(worldSnapshot(sandbox)) === before,
      traffic: await stopTraffic(),
      apiCalls: callsOf(sandbox),
      rackVersion: settings.rackVersion,
      operatorMs: OPERATOR_MS,
      wallMs: performance.now() - startedAt,
    };
  } finally {
    await stopTraffic();
    sendOperatorHome();
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function sendTraffic(
  { ratePerSecond, traffic, runtime }: RehearsalOptions,
  { endpoints, world }: Sandbox,
): TrafficProcess {
  const { publicDns, vpcDns, ports, caPem } = endpoints;
  const { scale, startMs, realStartMs } = world.clock;
  return startTrafficProcess(
    {
      endpoints: { publicDns, vpcDns, ports, caPem },
      clock: { scale, startMs, realStartMs },
      ratePerSecond,
      targets: SHOP_TARGETS,
      seed: world.settings.seed,
      timeoutMs: REQUEST_TIMEOUT_MS,
      ...traffic,
    },
    runtime,
  );
}

interface Scene {
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly traffic: TrafficProcess;
  readonly mailListeners: ((domain: string) => void)[];
}

async function perform(options: RehearsalOptions, scene: Scene, signal: AbortSignal): Promise<ProcedureEnd> {
  const { sandbox, folder, traffic, mailListeners } = scene;
  const { endpoints, world } = sandbox;
  const { settings } = world;
  const clock = scaledClock(sandbox.clock);
  const sourceFolder = join(folder, 'shop');
  await writeShopSource(sourceFolder);
  const { accessKeyId, secretAccessKey, rackPassword: password } = settings;
  const connection = await connect(
    {
      rack: { url: endpoints.rackUrl, password, versionsUrl: endpoints.versionsUrl },
      aws: { endpoint: endpoints.awsUrl, credentials: { accessKeyId, secretAccessKey } },
      network: sandboxNetwork(endpoints),
      clock,
    },
    signal,
  );
  try {
    return await options.procedure(
      {
        ...{ sandbox, connection, clock, sourceFolder },
        state: join(folder, 'state'),
        operatorMs: OPERATOR_MS,
        isDisturbed: options.sandbox.chaos !== undefined,
        process: options.process,
        listener: (event) => {
          markTraffic(traffic, event);
          options.listener(event);
        },
        onOperator: options.onOperator,
        onMail: (listener) => mailListeners.push(listener),
      },
      signal,
    );
  } finally {
    connection.close();
  }
}

/** A request that fails is told under the step that was running when it was sent. */
function markTraffic(traffic: TrafficProcess, event: MigrationEvent): void {
  if (event.type === 'step-started' || event.type === 'undo-started') traffic.mark(event.step);
  if (event.type === 'gate-opened') traffic.mark(event.gate);
  if (event.type === 'execution-finished') traffic.mark(undefined);
}

function callsOf({ world }: Sandbox): ReadonlyMap<string, number> {
  const calls = new Map<string, number>();
  for (const [key, count] of world.counters.entries()) {
    const service = key.split(' ')[0] ?? key;
    // Questions to DNS servers are the visitors' for the most part, and cost nothing; chaos is no service.
    if (service === 'dns' || service === 'chaos') continue;
    calls.set(service, (calls.get(service) ?? 0) + count);
  }
  return calls;
}
