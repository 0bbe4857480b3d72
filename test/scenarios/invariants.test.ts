/** Tries to break the invariants of docs/architecture.md that no other test attacks; that list says which does. */
import { describe, expect, test } from 'vitest';
import { resumeMigration, startMigration, undoMigration } from '../../src/orchestrator/migrate.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';

const signal = new AbortController().signal;
const LIMIT_MS = 120_000;

describe('an app is deleted only if', () => {
  test(
    'environments are equal: one changed at the last moment keeps the old app, and the way back stays open',
    async () => {
      const started: { shop?: ShopMigration } = {};
      const set = async (change: (env: Map<string, string>) => void): Promise<void> => {
        const environment = started.shop?.connection.rack.environment;
        const env = new Map(await environment?.get('shop', signal));
        change(env);
        await environment?.set('shop', env, signal);
      };
      const shop = await startShopMigration({
        scale: 240,
        approver: async (gate) => {
          if (gate === 'approve-commit') await set((env) => env.set('ADDED', 'meanwhile'));
          return { approved: true, by: 'test' };
        },
      });
      started.shop = shop;

      await expect(startMigration({ ...shop.request, settings: shop.settings }, signal)).rejects.toMatchObject({
        code: 'INVARIANT',
        message: expect.stringMatching(
          /nothing is deleted: the environments of shop and shop-.* differ in ADDED/,
        ) as string,
      });

      expect(await shop.connection.rack.apps.get('shop', signal)).toMatchObject({ generation: '1', status: 'running' });
      expect((await shop.connection.rack.resources.get('logs', signal)).linkedApps).toContain('shop');
      const { outcome } = await undoMigration({ ...shop.request, filter: { app: 'shop' }, direction: 'abort' }, signal);
      expect(outcome).toBe('aborted');
      await shop.close();
    },
    LIMIT_MS,
  );
});

/** Takes an app's own certificates off every listener; gives what puts them back. */
function takeCertificates({ world: { acm, balancing } }: Sandbox, app: string): () => void {
  const taken = [...balancing.loadBalancers.values()].flatMap(({ listeners }) =>
    [...listeners.values()].flatMap(({ arn, certificateArns }) =>
      [...certificateArns].flatMap((certificate) =>
        acm.certificates.get(certificate)?.tags.get('Name') === app ? [[arn, certificate] as const] : [],
      ),
    ),
  );
  expect(taken.length).toBeGreaterThan(0);
  for (const [listener, certificate] of taken) balancing.removeListenerCertificate(listener, certificate);
  return () => {
    for (const [listener, certificate] of taken) balancing.addListenerCertificate(listener, certificate);
  };
}

describe('an app goes only while another certificate covers every domain', () => {
  // Each app has certificates of its own there, which go with it.
  const rackVersion = '20171213132441';

  test(
    'the old app stays, and the traffic returns to it, when the new one has lost its certificates',
    async () => {
      const started: { shop?: ShopMigration } = {};
      const shop = await startShopMigration({
        ...{ scale: 240, rackVersion },
        approver: (gate) => {
          if (gate === 'approve-commit' && started.shop) takeCertificates(started.shop.sandbox, 'shop-gen2');
          return Promise.resolve({ approved: true, by: 'test' });
        },
      });
      started.shop = shop;

      await expect(startMigration({ ...shop.request, settings: shop.settings }, signal)).rejects.toMatchObject({
        code: 'ROLLED_BACK',
        message: expect.stringContaining(
          'shop.example.com: no valid certificate on the listener covers it but those of shop',
        ) as string,
      });

      expect(await shop.connection.rack.apps.get('shop', signal)).toMatchObject({ generation: '1', status: 'running' });
      await shop.close();
    },
    LIMIT_MS,
  );

  test(
    'the temporary app keeps its domains until the final one has its certificates again',
    async () => {
      const shop = await startShopMigration({ scale: 240, rackVersion });
      let putBack = (): void => undefined;
      const listener: typeof shop.request.listener = (event) => {
        if (event.type === 'step-finished' && event.step === 'promote-final-domains')
          putBack = takeCertificates(shop.sandbox, 'shop');
      };

      await expect(
        startMigration({ ...shop.request, listener, settings: shop.settings }, signal),
      ).rejects.toMatchObject({
        code: 'VERIFICATION_FAILED',
        message: expect.stringContaining('covers it but those of shop-gen2') as string,
      });

      const env = await shop.connection.rack.environment.get('shop-gen2', signal);
      expect(env.get('DOMAINS_WEB')).toContain('shop.example.com');
      putBack();
      const { outcome } = await resumeMigration({ ...shop.request, filter: { app: 'shop' } }, signal);
      expect(outcome).toBe('succeeded');
      await shop.close();
    },
    LIMIT_MS,
  );
});
