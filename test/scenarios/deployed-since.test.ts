/** Somebody deploys to one of the two apps while both stand: nothing of it is lost, and the tool says so. */
import { expect, test } from 'vitest';
import { resumeMigration, startMigration, undoMigration } from '../../src/orchestrator/migrate.ts';
import { waitFor } from '../../src/time/wait.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';

const signal = new AbortController().signal;
const LIMIT_MS = 150_000;

/** A deployment of other source, as a CI job does it; gives its build. */
async function deploy({ connection, sandbox, settings }: ShopMigration, app: string): Promise<string> {
  const { rack } = connection;
  const overlay = new Map([['news.txt', 'the next version\n']]);
  const running = await rack.apps.get(app, signal);
  const { manifest } = await rack.releases.get(app, running.release, signal);
  if (running.generation === '2') overlay.set('convox.yml', manifest);
  const { id } = await rack.builds.create(app, { folder: settings.sourceFolder, overlay }, {}, signal);
  const wait = { what: 'the deployment', clock: sandbox.world.clock, timeoutMs: 1_800_000 };
  const release = await waitFor(
    async () => {
      const built = await rack.builds.get(app, id, signal);
      if (built.status === 'failed') return { state: 'failed', error: new Error(built.reason) };
      return built.status === 'complete' && built.release !== ''
        ? { state: 'ready', value: built.release }
        : { state: 'pending', saw: built.status };
    },
    wait,
    signal,
  );
  await promote({ connection, sandbox }, app, release);
  return id;
}

async function promote(
  { connection, sandbox }: Pick<ShopMigration, 'connection' | 'sandbox'>,
  app: string,
  release: string,
): Promise<void> {
  const { rack } = connection;
  await rack.releases.promote(app, release, {}, signal);
  await waitFor(
    async () => {
      const found = await rack.apps.get(app, signal);
      return found.status === 'running' && found.release === release
        ? { state: 'ready', value: undefined }
        : { state: 'pending', saw: found.status };
    },
    { what: 'the promotion', clock: sandbox.world.clock, timeoutMs: 1_800_000 },
    signal,
  );
}

test.each([
  ['20171213132441', 'approve-cutover', 'no record is moved'],
  ['20260421192651', 'approve-commit', 'nothing is deleted'],
])(
  'on rack %s the old app, deployed anew before %s, is neither left nor deleted, and the way back is open',
  async (rackVersion, gate, instead) => {
    const started: { shop?: ShopMigration; build?: string } = {};
    const shop = await startShopMigration({
      ...{ scale: 240, rackVersion },
      approver: async (asked) => {
        if (asked === gate && started.shop) started.build = await deploy(started.shop, 'shop');
        return { approved: true, by: 'test' };
      },
    });
    started.shop = shop;

    const error: unknown = await startMigration({ ...shop.request, settings: shop.settings }, signal).catch(
      (caught: unknown) => caught,
    );

    expect(error).toMatchObject({
      code: 'INVARIANT',
      message: expect.stringContaining(
        `${instead}: shop was deployed since this migration began: it runs build ${started.build}, not`,
      ) as string,
      hint: expect.stringContaining('`gen2 resume shop`') as string,
    });
    expect(await shop.connection.rack.apps.get('shop', signal)).toMatchObject({ generation: '1', status: 'running' });
    const { outcome } = await undoMigration({ ...shop.request, filter: { app: 'shop' }, direction: 'abort' }, signal);
    expect(outcome).toBe('aborted');
    expect(await shop.connection.rack.apps.find('shop-gen2', signal)).toBeUndefined();
    await shop.close();
  },
  LIMIT_MS,
);

test(
  'a temporary app that was deployed by hand is not taken for the tested one; with its release again the migration ends',
  async () => {
    const started: { shop?: ShopMigration; tested?: string } = {};
    const shop = await startShopMigration({
      scale: 240,
      approver: async (asked) => {
        if (asked === 'approve-commit' && started.shop) {
          started.tested = (await started.shop.connection.rack.apps.get('shop-gen2', signal)).release;
          await deploy(started.shop, 'shop-gen2');
        }
        return { approved: true, by: 'test' };
      },
    });
    started.shop = shop;

    await expect(startMigration({ ...shop.request, settings: shop.settings }, signal)).rejects.toMatchObject({
      code: 'INVARIANT',
      message: expect.stringMatching(/^nothing is deleted: shop-gen2 was deployed since .* would be lost$/) as string,
      hint: expect.stringContaining(`Promote release ${started.tested ?? ''}`) as string,
    });
    await promote(shop, 'shop-gen2', started.tested ?? '');
    const { outcome } = await resumeMigration({ ...shop.request, filter: { app: 'shop' } }, signal);

    expect(outcome).toBe('succeeded');
    await shop.close();
  },
  LIMIT_MS,
);
