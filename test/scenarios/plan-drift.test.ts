import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planMigration, startMigration } from '../../src/orchestrator/migrate.ts';
import { basisOf, type ApprovedPlan } from '../../src/orchestrator/plan-basis.ts';

import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';

const signal = new AbortController().signal;

async function plan({ readOnly, settings }: ShopMigration): Promise<ApprovedPlan> {
  const { assessment, findings } = await planMigration({ ports: readOnly.ports, settings }, signal);
  if (assessment === undefined) throw new Error('the plan was not finished');
  return { basis: basisOf(assessment, findings), fingerprint: 'of a file', madeAt: 0 };
}

async function setVariable({ connection: { rack } }: ShopMigration, name: string, value: string): Promise<string> {
  const environment = new Map(await rack.environment.get('shop', signal));
  return (await rack.environment.set('shop', environment.set(name, value), signal)).releaseId;
}

/** What somebody else does between the plan and the migration, and how the migration tells it. */
const CHANGES: readonly (readonly [
  what: string,
  change: (shop: ShopMigration) => Promise<unknown>,
  says: readonly RegExp[],
])[] = [
  [
    'a record',
    ({ sandbox }) => {
      const zone = [...sandbox.world.route53.zones.values()].find(({ name }) => name === 'example.com.')!;
      zone.recordSets = zone.recordSets.map((set) =>
        set.name === 'www.shop.example.com.' ? { ...set, ttl: 600 } : set,
      );
      return Promise.resolve();
    },
    [/^record www\.shop\.example\.com CNAME in example\.com \(public\) was .*TTL 300.*, is .*TTL 600/],
  ],
  [
    'a value of the environment',
    (shop) => setVariable(shop, 'ADDED_SINCE', 'canary-of-a-value'),
    [/^environment variable ADDED_SINCE is new$/, /^values of the environment changed$/],
  ],
  [
    'the manifest',
    ({ settings }) => appendFile(join(settings.sourceFolder, 'docker-compose.yml'), '# one more line\n'),
    [/^docker-compose\.yml changed$/],
  ],
  [
    'the release of the app',
    async (shop) => {
      const { releases } = shop.connection.rack;
      const release = await setVariable(shop, 'LOG_LEVEL', 'debug');
      await releases.promote('shop', release, {}, signal);
      // The rack's own status is a few seconds old, so the stack is asked as well.
      const { cloudFormation } = shop.sandbox.world;
      const isSettled = async (): Promise<boolean> =>
        cloudFormation.find('convox-shop')?.status === 'UPDATE_COMPLETE' &&
        (await shop.connection.rack.apps.find('shop', signal))?.status === 'running';
      while (!(await isSettled())) await shop.connection.ports.clock.sleep(1_000, signal);
    },
    [/^active release was R\w+, is R\w+$/],
  ],
  [
    'the version of the rack',
    ({ connection }) => connection.rack.system.updateAlong('20180106174952', {}, signal),
    [/^rack version was 20171213132441, is 20180106174952$/],
  ],
];

test.each(CHANGES)(
  'a plan is not carried out once somebody changed %s, and the refusal says so',
  async (_what, change, says) => {
    const shop = await startShopMigration({ scale: 240 });
    const approvedPlan = await plan(shop);
    await change(shop);
    const before = worldSnapshot(shop.sandbox);

    const refusal: unknown = await startMigration(
      { ...shop.request, settings: { ...shop.settings, approvedPlan } },
      signal,
    ).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ code: 'PLAN_DRIFTED', exitCode: 7 });
    const { changes } = (refusal as { readonly details: { readonly changes: readonly string[] } }).details;
    for (const pattern of says) expect(changes).toContainEqual(expect.stringMatching(pattern));
    expect(JSON.stringify(changes)).not.toContain('canary-of-a-value');
    expect(worldSnapshot(shop.sandbox)).toEqual(before);
    expect(await shop.engine.list({})).toEqual([]);
    await shop.close();
  },
  60_000,
);
