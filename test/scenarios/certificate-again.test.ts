import { expect, test } from 'vitest';
import { resumeMigration, startMigration, undoMigration } from '../../src/orchestrator/migrate.ts';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { startShopMigration } from '../support/shop-migration.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';

const signal = new AbortController().signal;
const filter = { app: 'shop' };
const LIMIT_MS = 120_000;

function requested({ world }: Sandbox) {
  return [...world.acm.certificates.values()].filter(({ tags }) => tags.get('ManagedBy') === 'convox-gen2');
}

/** What ACM makes of the first request, and when. */
const FAILURES: readonly (readonly [string, (event: MigrationEvent, sandbox: Sandbox) => void])[] = [
  [
    'FAILED before ACM has told how to prove it',
    (event, { world }) => {
      if (event.type === 'step-started' && event.step === 'issue-certificates')
        world.acm.failures.set('shop.example.com', 'DOMAIN_NOT_ALLOWED');
    },
  ],
  ...(['FAILED', 'VALIDATION_TIMED_OUT'] as const).map((status) => {
    const fail = (event: MigrationEvent, sandbox: Sandbox): void => {
      if (event.type !== 'step-started' || event.step !== 'build-temporary-app') return;
      for (const certificate of requested(sandbox)) certificate.status = status;
    };
    return [`${status} while the app is built`, fail] as const;
  }),
];

test.each(FAILURES)(
  'a certificate that is %s is requested anew by resume, and the failed one is removed',
  async (_what, fail) => {
    const shop = await startShopMigration({ scale: 240, rackVersion: '20260421192651' });
    const before = worldSnapshot(shop.sandbox);
    const listener = (event: MigrationEvent): void => fail(event, shop.sandbox);
    await expect(
      startMigration({ ...shop.request, settings: shop.settings, until: 'prepare', listener }, signal),
    ).rejects.toMatchObject({ code: 'CERTIFICATE_FAILED', hint: expect.stringContaining('gen2 resume') as string });
    const failed = requested(shop.sandbox).filter(({ status }) => status !== 'ISSUED');
    expect(failed.length).toBeGreaterThan(0);
    shop.sandbox.world.acm.failures.clear(); // somebody mends it

    await resumeMigration({ ...shop.request, filter, until: 'prepare' }, signal).catch((error: unknown) => {
      // Each service has a certificate of its own, looked at one after the other.
      expect(error).toMatchObject({ code: 'CERTIFICATE_FAILED' });
      return resumeMigration({ ...shop.request, filter, until: 'prepare' }, signal);
    });

    const now = requested(shop.sandbox);
    expect(now.map(({ status }) => status)).toEqual(['ISSUED', 'ISSUED']);
    expect(now.filter(({ arn }) => failed.some((one) => one.arn === arn))).toEqual([]);
    await undoMigration({ ...shop.request, filter, direction: 'abort' }, signal);
    expect(worldSnapshot(shop.sandbox)).toEqual(before);
    await shop.close();
  },
  LIMIT_MS,
);
