/** Requests that still, or again, come to the old balancers when the old app is to be deleted. */
import { get } from 'node:http';
import { expect, test } from 'vitest';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import { resumeMigration, startMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';
import { startShopTraffic } from '../support/shop-traffic.ts';

const signal = new AbortController().signal;
const LIMIT_MS = 180_000;
const MINUTE = 60_000;
const filter = { app: 'shop' };

/** A visitor that has kept an old balancer's address: a new connection every 20 s until it is told to go. */
function startReturningVisitor({ sandbox: { world, endpoints } }: ShopMigration): () => void {
  const balancer = [...world.balancing.classic.values()].find(({ name }) => name.startsWith('shop-web'));
  const port = endpoints.ports[80];
  const gone = new AbortController();
  const ask = async (): Promise<void> => {
    while (!gone.signal.aborted) {
      get({ host: balancer?.addresses[0] ?? '', port, agent: false }, (answer) => answer.resume()).on(
        'error',
        () => undefined, // refused once the balancer is gone, as it was agreed to
      );
      await world.clock.sleep(20_000, gone.signal).catch(() => undefined);
    }
  };
  void ask();
  return () => gone.abort();
}

/** Until the figures of what has come by now can be read. */
function untilCounted({ sandbox: { world } }: ShopMigration): Promise<void> {
  return world.clock.sleep(4 * MINUTE, signal);
}

/** A migration that was agreed to and stopped before it deleted anything; then the visitor comes back. */
async function agreedThenVisited(oldTrafficWaitMs: number): Promise<{ shop: ShopMigration; leave: () => void }> {
  const shop = await startShopMigration({ scale: 240 });
  const stop = new AbortController();
  const stopping = (event: MigrationEvent): void => {
    if (event.type === 'gate-answered' && event.gate === 'approve-commit') stop.abort(new Error('a night passes'));
  };
  const settings = { ...shop.settings, oldTrafficWaitMs };
  await expect(startMigration({ ...shop.request, settings, listener: stopping }, stop.signal)).rejects.toMatchObject({
    code: 'STOPPED',
  });
  const [view] = await shop.engine.list(filter);
  expect(view?.events.filter(({ type }) => type === 'gate-answered')).toHaveLength(2);
  const leave = startReturningVisitor(shop);
  await untilCounted(shop);
  return { shop, leave };
}

test(
  'traffic that comes back after the deletion was agreed to holds it up until it has gone',
  async () => {
    const { shop, leave } = await agreedThenVisited(75 * MINUTE);
    let heldAt: number | undefined;
    let isDeleted = false;
    shop.sandbox.world.faults.add(({ service, operation }) => {
      if (service === 'rack' && operation === 'DELETE /apps/shop') isDeleted = true;
      return undefined;
    });
    const listener = (event: MigrationEvent): void => {
      if (event.type !== 'waiting' || !event.what.includes('quiet again') || heldAt !== undefined) return;
      heldAt = event.at;
      expect(event.saw).toMatch(
        /^\d+ requests at the old balancers since \d\d:\d\d UTC \(\S+ \d+\), waits at most 1 h 1\d min/,
      );
      expect(isDeleted).toBe(false);
      leave();
    };

    const { outcome } = await resumeMigration({ ...shop.request, filter, listener }, signal);

    expect(heldAt).toBeDefined();
    expect(isDeleted).toBe(true);
    expect(outcome).toBe('succeeded');
    await shop.close();
  },
  LIMIT_MS,
);

test(
  'traffic that does not go again deletes nothing; the next run shows it, and a person decides',
  async () => {
    const { shop, leave } = await agreedThenVisited(0);
    const gates: MigrationEvent[] = [];
    const listener = (event: MigrationEvent): void => {
      if (event.type === 'gate-opened') gates.push(event);
    };

    await expect(resumeMigration({ ...shop.request, filter }, signal)).rejects.toMatchObject({
      code: 'INVARIANT',
      message: expect.stringMatching(/nothing is deleted: the old balancers are used again: \d+ requests/) as string,
    });

    expect(await shop.connection.rack.apps.get('shop', signal)).toMatchObject({ generation: '1', status: 'running' });
    const { outcome } = await resumeMigration({ ...shop.request, filter, listener }, signal);
    leave();
    expect(outcome).toBe('succeeded');
    expect(gates).toEqual([
      expect.objectContaining({
        gate: 'approve-cut-off',
        shows: expect.arrayContaining([
          expect.stringMatching(/^THE OLD BALANCERS ARE STILL USED, agreeing cuts that off: \d+ requests/) as string,
        ]) as string[],
      }),
    ]);
    await shop.close();
  },
  LIMIT_MS,
);

test(
  'traffic that was never gone is shown to who agrees, and what was agreed to is done',
  async () => {
    const shop = await startShopMigration({ scale: 240 });
    const shown: (readonly string[])[] = [];
    const traffic = startShopTraffic(shop);
    let leave = (): void => undefined;
    const listener = (event: MigrationEvent): void => {
      if (event.type === 'step-started' && event.step === 'confirm-traffic') leave = startReturningVisitor(shop);
      if (event.type === 'gate-opened') shown.push(event.shows);
    };
    const settings = { ...shop.settings, oldTrafficWaitMs: MINUTE };

    const { outcome } = await startMigration({ ...shop.request, settings, listener }, signal);

    leave();
    await traffic.stop();
    expect(outcome).toBe('succeeded');
    expect(shown[1]).toContainEqual(
      expect.stringMatching(
        /^THE OLD BALANCERS ARE STILL USED, agreeing cuts that off: \d+ requests at the old balancers since \d\d:\d\d UTC \(shop-web-\S+ \d+\)$/,
      ),
    );
    await shop.close();
  },
  LIMIT_MS,
);

test(
  'a pause that comes while the old app is looked at has it looked at again',
  async () => {
    const shop = await startShopMigration({ scale: 240 });
    let leave = (): void => undefined;
    const held: string[] = [];
    const steer = async (event: MigrationEvent): Promise<void> => {
      if (event.type === 'step-started' && event.step === 'delete-old-app') await shop.engine.pause(filter, true);
      if (event.type !== 'waiting' || event.step !== 'delete-old-app' || held.includes(event.what)) return;
      if (event.what.includes('figures')) return; // a minute that passes in any case
      held.push(event.what);
      if (event.what === 'the migration to be resumed') {
        leave = startReturningVisitor(shop);
        await untilCounted(shop);
        await shop.engine.pause(filter, false);
      } else if (event.what.includes('quiet again')) {
        leave();
      }
    };
    const steering: Promise<void>[] = [];
    const listener = (event: MigrationEvent): void => void steering.push(steer(event));

    const { outcome } = await startMigration({ ...shop.request, settings: shop.settings, listener }, signal);

    await Promise.all(steering);
    expect(outcome).toBe('succeeded');
    expect(held.slice(0, 2)).toEqual(['the migration to be resumed', expect.stringContaining('quiet again')]);
    await shop.close();
  },
  LIMIT_MS,
);
