import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../connect/connect.ts';
import { MigrationError } from '../../errors.ts';
import type { ExecutionView, GateAnswer, GateRequest } from '../../orchestrator/engine.ts';
import type { EventListener, MigrationEvent } from '../../orchestrator/events.ts';
import { LocalEngine } from '../../orchestrator/engines/local/local-engine.ts';
import { startMigration } from '../../orchestrator/migrate.ts';
import { startTraffic, type RunningTraffic } from '../../sandbox/network/traffic/start-traffic.ts';
import type { TrafficReport } from '../../sandbox/network/traffic/traffic-report.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/sandbox.ts';
import { startOperator } from '../../sandbox/scenario/operator.ts';
import { SHOP } from '../../sandbox/scenario/shop.ts';
import { writeShopSource } from '../../sandbox/scenario/shop-source.ts';
import type { Clock } from '../../time/clock.ts';
import { exportsOf } from '../export-folder.ts';
import { sandboxNetwork } from '../sandbox-network.ts';
import { SHOP_TARGETS } from './targets.ts';

export interface RehearsalOptions {
  readonly sandbox: SandboxOptions;
  /** Requests a real second. */
  readonly ratePerSecond: number;
  readonly process: { readonly pid: number; readonly exists: (pid: number) => boolean };
  readonly listener: EventListener;
  /** Called once the sandbox is there and traffic flows, before the migration begins. */
  readonly onReady: (ready: { readonly clock: Clock; readonly rackVersion: string }) => void;
  /** Tells what the operator did. */
  readonly onOperator: (what: string) => void;
}

export interface RehearsalResult {
  readonly view: ExecutionView | undefined;
  /** Why the migration did not end well. */
  readonly failure: unknown;
  readonly traffic: TrafficReport;
  /** By service, `rack` and AWS's own names. */
  readonly apiCalls: ReadonlyMap<string, number>;
  readonly rackVersion: string;
  readonly wallMs: number;
}

/** Simulated ms from a mail's arrival to the click on its link, and from a gate's opening to its answer. */
const OPERATOR_MS = 45_000;
/** Real ms of traffic before the migration begins and after it ended, so that both states are measured too. */
const MARGIN_MS = 1_500;
const OPERATOR = 'rehearsal operator';

/** Migrates the sandbox's shop from first to last under live traffic, with a scripted operator. */
export async function rehearse(options: RehearsalOptions, signal: AbortSignal): Promise<RehearsalResult> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'gen2-rehearsal-'));
  const sandbox = await startSandbox(options.sandbox);
  const { clock, settings } = sandbox.world;
  const sendOperatorHome = startOperator(sandbox.world, {
    approveAfterMs: OPERATOR_MS,
    onApproval: (domain) => options.onOperator(`followed the link in the certificate mail for ${domain}`),
  });
  const traffic = startTraffic({
    endpoints: sandbox.endpoints,
    clock,
    ratePerSecond: options.ratePerSecond,
    targets: SHOP_TARGETS,
    seed: settings.seed,
  });
  let report: Promise<TrafficReport> | undefined;
  const stopTraffic = (): Promise<TrafficReport> => (report ??= traffic.stop());
  try {
    options.onReady({ clock, rackVersion: settings.rackVersion });
    await clock.sleep(MARGIN_MS * settings.scale, signal);
    const { view, failure } = await migrate(options, { sandbox, traffic, folder }, signal);
    if (failure === undefined) await clock.sleep(MARGIN_MS * settings.scale, signal);
    return {
      view,
      failure,
      traffic: await stopTraffic(),
      apiCalls: callsOf(sandbox),
      rackVersion: settings.rackVersion,
      wallMs: performance.now() - startedAt,
    };
  } finally {
    await stopTraffic();
    sendOperatorHome();
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Stage {
  readonly sandbox: Sandbox;
  readonly traffic: RunningTraffic;
  readonly folder: string;
}

async function migrate(
  options: RehearsalOptions,
  { sandbox, traffic, folder }: Stage,
  signal: AbortSignal,
): Promise<{ view: ExecutionView | undefined; failure: unknown }> {
  const { world, endpoints } = sandbox;
  const { clock, settings } = world;
  const [state, sourceFolder] = [join(folder, 'state'), join(folder, 'shop')];
  await writeShopSource(sourceFolder);
  const approver = approveAfter(clock, options.onOperator);
  const engine = new LocalEngine({ state, clock, process: options.process, approver });
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
  let failure: unknown;
  try {
    await startMigration(
      {
        ports: connection.ports,
        engine,
        listener: (event) => {
          markTraffic(traffic, event);
          options.listener(event);
        },
        exportTo: (execution) => exportsOf(state, SHOP.app, execution),
        settings: { app: SHOP.app, sourceFolder },
      },
      signal,
    );
  } catch (error) {
    if (signal.aborted || !MigrationError.is(error)) throw error;
    failure = error;
  } finally {
    connection.close();
  }
  const [view] = await engine.list({ app: SHOP.app });
  return { view, failure };
}

/** The person at the gates: reads for a while, then agrees. */
function approveAfter(clock: Clock, onOperator: (what: string) => void) {
  return async (gate: string, _request: GateRequest, signal: AbortSignal): Promise<GateAnswer | undefined> => {
    try {
      await clock.sleep(OPERATOR_MS, signal);
    } catch {
      return undefined; // stopped while reading
    }
    onOperator(`approved ${gate}`);
    return { approved: true, by: OPERATOR };
  };
}

/** A request that fails is told under the step that was running when it was sent. */
function markTraffic(traffic: RunningTraffic, event: MigrationEvent): void {
  if (event.type === 'step-started' || event.type === 'undo-started') traffic.mark(event.step);
  if (event.type === 'gate-opened') traffic.mark(event.gate);
  if (event.type === 'execution-finished') traffic.mark(undefined);
}

function callsOf({ world }: Sandbox): ReadonlyMap<string, number> {
  const calls = new Map<string, number>();
  for (const [key, count] of world.counters.entries()) {
    const service = key.split(' ')[0] ?? key;
    // Questions to DNS servers are the visitors' for the most part, and cost nothing.
    if (service === 'dns') continue;
    calls.set(service, (calls.get(service) ?? 0) + count);
  }
  return calls;
}
