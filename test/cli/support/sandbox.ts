import { ListHostedZonesCommand, ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startOperator } from '../../../src/sandbox/scenario/operator.ts';
import { writeShopSource } from '../../../src/sandbox/scenario/shop-source.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { temporaryFolder } from './folders.ts';
import { spawnGen2, type Ended, type SpawnedGen2 } from './spawn-gen2.ts';

export interface Playground {
  readonly sandbox: Sandbox;
  /** Where gen2 runs; `shop/` holds the source, `.gen2` the state. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Every request so far that was to change something: `service operation`. */
  readonly mutations: readonly string[];
  start(...argv: readonly string[]): SpawnedGen2;
  run(...argv: readonly string[]): Promise<Ended>;
  /** All record sets of all zones, as Route 53 gives them. */
  records(): Promise<unknown>;
}

export interface PlaygroundOptions extends SandboxOptions {
  /** Simulated ms until a certificate mail is approved. */
  readonly approveAfterMs?: number;
}

/** A sandbox with `shop`, a folder with its source, and `gen2` on both. */
export async function playground({ approveAfterMs = 10_000, ...options }: PlaygroundOptions = {}): Promise<Playground> {
  const folder = await temporaryFolder();
  const sandbox = await startSandbox({ scale: 200, rackParameters: { Internal: 'Yes' }, ...options });
  onTestFinished(() => sandbox.close());
  onTestFinished(startOperator(sandbox.world, { approveAfterMs }));
  await mkdir(join(folder, 'shop'));
  await writeShopSource(join(folder, 'shop'));
  const mutations: string[] = [];
  sandbox.world.faults.add(({ service, operation, mutates }) => {
    if (mutates) mutations.push(`${service} ${operation}`);
    return undefined;
  });
  const start = (...argv: readonly string[]): SpawnedGen2 => spawnGen2(argv, { env: sandbox.env, cwd: folder });
  return {
    ...{ sandbox, folder, mutations, start, env: sandbox.env },
    run: (...argv) => start(...argv).ended,
    records: () => readAllRecords(sandbox),
  };
}

async function readAllRecords({ endpoints, world: { settings } }: Sandbox): Promise<unknown> {
  const { accessKeyId, secretAccessKey, region } = settings;
  const client = new Route53Client({
    endpoint: endpoints.awsUrl,
    region,
    credentials: { accessKeyId, secretAccessKey },
  });
  const { HostedZones = [] } = await client.send(new ListHostedZonesCommand({}));
  const zones: unknown[] = [];
  for (const { Id } of HostedZones) {
    const { ResourceRecordSets } = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: Id }));
    zones.push([Id, ResourceRecordSets]);
  }
  client.destroy();
  return zones;
}

/** Every file below a folder, as text. */
export async function filesBelow(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(await Promise.all(files.map(async (path) => [path, await readFile(path, 'latin1')] as const)));
}
