import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dnsResolver } from '../../src/aws/dns/resolver.ts';
import { publicNetwork } from '../../src/aws/network.ts';
import { connect, type Connection } from '../../src/connect/connect.ts';
import { exportFolder } from '../../src/connect/folders.ts';
import { LocalEngine } from '../../src/orchestrator/engines/local/local-engine.ts';
import type { Approver } from '../../src/orchestrator/engines/recorded-execution.ts';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import type { MigrateRequest } from '../../src/orchestrator/migrate.ts';
import type { MigrationSettings } from '../../src/orchestrator/plan.ts';
import { startOperator } from '../../src/sandbox/scenario/operator.ts';
import { writeShopSource } from '../../src/sandbox/scenario/shop-source.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { scaledClock, type Clock } from '../../src/time/clock.ts';

/** A sandbox with `shop`, and everything a migration of it needs. */
export interface ShopMigration {
  readonly sandbox: Sandbox;
  readonly connection: Connection;
  readonly readOnly: Connection;
  readonly settings: MigrationSettings;
  readonly engine: LocalEngine;
  readonly events: MigrationEvent[];
  readonly request: MigrateRequest;
  readonly state: string;
  close(): Promise<void>;
}

export interface ShopMigrationOptions extends SandboxOptions {
  readonly approver?: Approver;
  /** Simulated ms until a certificate mail is approved; `never` leaves it. Default 60 s. */
  readonly mailAfterMs?: number | 'never';
  /** The clock of the tool; default: the sandbox's. */
  readonly toolClock?: (sandbox: Sandbox) => Clock;
  /** State directory; default: one of its own that goes with it. */
  readonly state?: string;
}

const APPROVE_ALL: Approver = () => Promise.resolve({ approved: true, by: 'test operator' });

export async function startShopMigration(options: ShopMigrationOptions = {}): Promise<ShopMigration> {
  const { approver = APPROVE_ALL, mailAfterMs = 60_000, toolClock, state: givenState, ...sandboxOptions } = options;
  const sandbox = await startSandbox({ scale: 120, ...sandboxOptions });
  const folder = await mkdtemp(join(tmpdir(), 'gen2-shop-'));
  const sourceFolder = join(folder, 'source');
  const state = givenState ?? join(folder, 'state');
  await writeShopSource(sourceFolder);
  const clock = toolClock?.(sandbox) ?? scaledClock(sandbox.world.clock);
  const open = (readOnly: boolean): Promise<Connection> => connectToSandbox(sandbox, { readOnly, clock });
  const [connection, readOnly] = await Promise.all([open(false), open(true)]);
  const events: MigrationEvent[] = [];
  const exists = (pid: number): boolean => pid === process.pid;
  const engine = new LocalEngine({ state, clock, process: { pid: process.pid, exists }, approver });
  const sendHome =
    mailAfterMs === 'never' ? () => undefined : startOperator(sandbox.world, { approveAfterMs: mailAfterMs });
  return {
    ...{ sandbox, connection, readOnly, engine, events, state },
    settings: { app: 'shop', sourceFolder },
    request: {
      ports: connection.ports,
      engine,
      listener: (event) => events.push(event),
      exportTo: (execution) => exportFolder(join(state, 'convox', 'shop', execution, 'export')),
    },
    close: async () => {
      sendHome();
      connection.close();
      readOnly.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface SandboxConnectionOptions {
  readonly readOnly: boolean;
  /** Default: the sandbox's. */
  readonly clock?: Clock;
  /** Real ms that clients wait for an answer, of which they ask for two; default: theirs. */
  readonly patienceMs?: number;
}

/** Real clients on a sandbox. */
export function connectToSandbox(
  sandbox: Sandbox,
  { readOnly, clock = scaledClock(sandbox.world.clock), patienceMs }: SandboxConnectionOptions,
): Promise<Connection> {
  const isPatient = patienceMs === undefined;
  const { endpoints, world } = sandbox;
  const { publicDns, vpcDns, ports, dnsPort, caPem } = endpoints;
  const inside = publicNetwork({ resolver: dnsResolver({ servers: [vpcDns] }) });
  const { accessKeyId, secretAccessKey } = world.settings;
  return connect(
    {
      rack: {
        url: endpoints.rackUrl,
        password: world.settings.rackPassword,
        versionsUrl: endpoints.versionsUrl,
        ...(isPatient ? {} : { timeoutMs: patienceMs }),
      },
      aws: {
        endpoint: endpoints.awsUrl,
        credentials: { accessKeyId, secretAccessKey },
        ...(isPatient ? {} : { requestTimeoutMs: patienceMs, maxAttempts: 2 }),
      },
      clock,
      readOnly,
      network: {
        network: {
          lookup: (name, signal) => inside.lookup(name, signal),
          port: (standard) => (standard === 443 ? ports[443] : ports[80]),
          ca: caPem,
        },
        resolver: dnsResolver({ servers: [publicDns] }),
        resolverFor: (address) => dnsResolver({ servers: [address.includes(':') ? address : `${address}:${dnsPort}`] }),
        publicResolvers: [publicDns],
      },
    },
    new AbortController().signal,
  );
}
