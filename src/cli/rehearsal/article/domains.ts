/** What the person does in the AWS console: point the names at the rack's balancers, and look at the graphs. */
import type { DomainRecord, OldBalancer, RecordBatch, SharedBalancer } from '../../../orchestrator/ports.ts';
import type { Ports } from '../../../orchestrator/ports.ts';
import type { Person } from './person.ts';

const MINUTE_MS = 60_000;
/** The old balancer's curve lies at the bottom of the graph: the share of all requests that nobody sees there. */
const UNSEEN_SHARE = 0.1;

export interface Console {
  readonly person: Person;
  readonly ports: Ports;
}

/** Where the names lead, and where they shall lead. */
export interface Crossing {
  readonly records: readonly DomainRecord[];
  readonly old: readonly OldBalancer[];
  readonly balancers: { readonly public: SharedBalancer; readonly internal: SharedBalancer };
  /** The stack and the services of the new app. */
  readonly stack: string;
  readonly services: readonly { readonly name: string; readonly role: 'public' | 'internal' }[];
}

export async function lookUpCrossing(
  { ports }: Console,
  { app, newApp, services }: { app: string; newApp: string; services: Crossing['services'] },
  signal: AbortSignal,
): Promise<Crossing> {
  const rack = await ports.rack.system.get(signal);
  const names = services.map(({ name }) => name);
  const old = await ports.aws.oldBalancers(`${rack.name}-${app}`, names, signal);
  const [records, publicBalancer, internal] = await Promise.all([
    ports.aws.domainRecords(old, rack, signal),
    ports.aws.findBalancer('public', rack, signal),
    ports.aws.findBalancer('internal', rack, signal),
  ]);
  return { records, old, balancers: { public: publicBalancer, internal }, stack: `${rack.name}-${newApp}`, services };
}

/** Edits one record after the other; TTLs stay as they are. */
export async function pointDomains({ person, ports }: Console, crossing: Crossing, signal: AbortSignal): Promise<void> {
  const { records, old, balancers, services } = crossing;
  const { stages } = await ports.aws.planSwitch(
    {
      records,
      from: old,
      targets: balancers,
      roleOf: ({ service }) => services.find(({ name }) => name === service)?.role ?? 'public',
      stagePercents: [],
    },
    signal,
  );
  for (const edit of stages.flat().flatMap(oneByOne)) {
    const [record] = edit.before;
    await person.does(`Route 53 console: ${String(record?.['Name'])} ${String(record?.['Type'])}`, signal);
    await ports.aws.applyBatch(edit, signal);
  }
}

function oneByOne({ zoneId, zoneName, before, after }: RecordBatch): readonly RecordBatch[] {
  return before.map((record) => ({
    ...{ zoneId, zoneName, before: [record] },
    after: after.filter(({ Name, Type }) => Name === record['Name'] && Type === record['Type']),
  }));
}

/** Looks at both balancers' graphs once a minute until the old one's curve cannot be told from zero. */
export async function watchTraffic({ person, ports }: Console, crossing: Crossing, signal: AbortSignal): Promise<void> {
  const { old, balancers, stack, services } = crossing;
  const sinceMs = person.clock.now();
  const found = await ports.aws.serviceTargets(
    stack,
    services.map(({ name }) => name),
    signal,
  );
  const targets = found.map((one) => {
    const role = services.find(({ name }) => name === one.service)?.role ?? 'public';
    return { ...one, balancerArn: balancers[role].arn ?? '' };
  });
  await person.does('CloudWatch console: requests of the old and the new balancer', signal);
  await person.watches(
    'requests to move to the new app',
    MINUTE_MS,
    async (stop) => {
      const { newRequests, oldRequests, says } = await ports.aws.traffic(
        { appStackName: stack, targets, oldBalancers: old, sinceMs, minutes: 1, figures: 'newest' },
        stop,
      );
      const hasMoved = newRequests > 0 && oldRequests <= (oldRequests + newRequests) * UNSEEN_SHARE;
      return hasMoved ? { state: 'ready', value: undefined } : { state: 'pending', saw: says };
    },
    signal,
  );
}

/** Opens a URL in a browser. */
export async function openUrl({ person, ports }: Console, balancer: SharedBalancer, host: string, signal: AbortSignal) {
  await person.does(`browser: https://${host}/`, signal);
  await person.watches(
    `${host} to answer`,
    MINUTE_MS,
    async (stop) => {
      const { ok, saw } = await ports.aws.checkEndpoint({ balancer, host, path: '/', expect: 'rack-codes' }, stop);
      return ok ? { state: 'ready', value: undefined } : { state: 'pending', saw };
    },
    signal,
  );
}
