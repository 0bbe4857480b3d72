import { afterEach, describe, expect, test } from 'vitest';

import { gen2AppTemplate } from '../../../../src/sandbox/stacks/templates/gen2-app.ts';
import { appTags, rackWorld, release, type StackWorld } from '../stack-world.ts';

const HOUR_MS = 3_600_000;
const WITH_DOMAIN = 'services:\n  web:\n    port: 80\n    domain: shop.example.com\n';
const WITHOUT = 'services:\n  web:\n    port: 80\n';

const worlds: StackWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.clock.close();
});

/** Whole days pass in a blink: nothing else goes on. */
async function fastWorld(): Promise<StackWorld> {
  const world = await rackWorld({ scale: 400_000 });
  worlds.push(world);
  return world;
}

function start(world: StackWorld, manifest: string): string {
  return world.cloudFormation.createStack({
    name: 'convox-shop',
    template: gen2AppTemplate(world, {
      app: 'shop',
      rackVersion: world.settings.rackVersion,
      parameters: new Map(),
      release: release('R1', manifest),
    }),
    parameters: new Map(),
    tags: appTags('shop', 2),
  });
}

describe('a certificate that waits for its mail', () => {
  test('holds the stack for 12 hours, then the request is deleted and the stack goes back', async () => {
    const world = await fastWorld();
    const arn = start(world, WITH_DOMAIN);

    await world.cloudFormation.settled();

    const { status, events } = world.cloudFormation.find(arn)!;
    const failed = events.find(
      (event) => event.status === 'CREATE_FAILED' && event.reason === 'Exceeded attempts to wait',
    )!;
    const begun = events.find(({ logicalId }) => logicalId === 'BalancerWebCertificate')!;
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect(failed.logicalId).toBe('BalancerWebCertificate');
    expect(failed.at - begun.at).toBeGreaterThanOrEqual(12 * HOUR_MS);
    expect([...world.acm.certificates.values()].filter(({ names }) => names.includes('shop.example.com'))).toEqual([]);
  });

  test('shows its ARN from the start, and fails at once when somebody denies it', async () => {
    const world = await fastWorld();
    const arn = start(world, WITH_DOMAIN);
    while (world.acm.mails.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));

    const pending = world.cloudFormation.find(arn)!.resources.get('BalancerWebCertificate')!;
    const known = world.acm.certificates.has(pending.physicalId);
    world.acm.deny(world.acm.mails[0]!.id);
    await world.cloudFormation.settled();

    expect([pending.status, known]).toEqual(['CREATE_IN_PROGRESS', true]);
    const { events } = world.cloudFormation.find(arn)!;
    expect(events.find(({ status }) => status === 'CREATE_FAILED')?.reason).toMatch(/DOMAIN_VALIDATION_DENIED/);
  });
});

test('a service that does not get stable holds the stack for three hours', async () => {
  const world = await fastWorld();
  world.compute.unstable.add('web');
  world.compute.services.clear();
  const arn = start(world, WITHOUT);

  await world.cloudFormation.settled();

  const { status, events } = world.cloudFormation.find(arn)!;
  const failed = events.find((event) => event.status === 'CREATE_FAILED')!;
  const begun = events.find(({ logicalId }) => logicalId === 'ServiceWebService')!;
  expect(status).toBe('ROLLBACK_COMPLETE');
  expect(failed).toMatchObject({ logicalId: 'ServiceWebService' });
  expect(failed.reason).toMatch(/^Service arn:aws:ecs:.* did not stabilize\.$/);
  expect(failed.at - begun.at).toBeGreaterThanOrEqual(3 * HOUR_MS);
  expect(world.compute.log.at(-1)).toBe('delete web');
});

test('a certificate that a balancer still uses cannot be deleted, and so neither can its stack', async () => {
  const world = await fastWorld();
  const arn = start(world, WITH_DOMAIN);
  while (world.acm.mails.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  for (const mail of world.acm.mails) world.acm.approve(mail.id);
  await world.cloudFormation.settled();
  const certificate = world.cloudFormation.find(arn)!.resources.get('BalancerWebCertificate')!.physicalId;
  const other = world.balancing.createLoadBalancer({ name: 'elsewhere', scheme: 'internet-facing' });
  world.balancing.createListener({
    loadBalancerArn: other.arn,
    port: 443,
    protocol: 'HTTPS',
    defaultAction: { type: 'fixed-response', status: 404, body: '' },
    defaultCertificateArn: certificate,
  });

  world.cloudFormation.deleteStack('convox-shop');
  await world.cloudFormation.settled();

  const { status, events } = world.cloudFormation.find(arn)!;
  expect(status).toBe('DELETE_FAILED');
  expect(events.find((event) => event.status === 'DELETE_FAILED')?.reason).toBe(
    `Certificate ${certificate} in account 123456789012 is in use.`,
  );
});
