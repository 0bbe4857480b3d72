import { expect, test } from 'vitest';

import type { StackTemplate } from '../../../../src/sandbox/model/stacks.ts';
import { gen2AppTemplate } from '../../../../src/sandbox/stacks/templates/gen2-app.ts';
import { appTags, rackWorld, release, type StackWorld } from '../stack-world.ts';

function appTemplate(world: StackWorld, app: string, manifest: string, id = 'R1'): StackTemplate {
  const { rackVersion } = world.settings;
  return gen2AppTemplate(world, { app, rackVersion, parameters: new Map(), release: release(id, manifest) });
}

async function createApp(world: StackWorld, app: string, manifest: string): Promise<void> {
  const template = appTemplate(world, app, manifest);
  world.cloudFormation.createStack({ name: `convox-${app}`, template, parameters: new Map(), tags: appTags(app, 2) });
  await world.cloudFormation.settled();
}

async function updateApp(world: StackWorld, app: string, manifest: string, id: string): Promise<void> {
  world.cloudFormation.updateStack(`convox-${app}`, appTemplate(world, app, manifest, id), new Map());
  await world.cloudFormation.settled();
}

async function deleteApp(world: StackWorld, app: string): Promise<void> {
  world.cloudFormation.deleteStack(`convox-${app}`);
  await world.cloudFormation.settled();
}

const service = (domain: string): string => `services:\n  web:\n    port: 80\n    domain: ${domain}\n`;

function httpsListener(world: StackWorld) {
  const router = world.cloudFormation.find('convox')!.resources.get('Router')!.physicalId;
  return [...world.balancing.loadBalancers.get(router)!.listeners.values()].find(({ port }) => port === 443)!;
}

/** Where each status of a resource stands among all events of the stack. */
function places(world: StackWorld, arn: string): ReadonlyMap<string, number> {
  const events = world.cloudFormation.find(arn)?.events ?? [];
  return new Map(events.map(({ logicalId, status }, index) => [`${logicalId} ${status}`, index]));
}

test('a certificate that two apps share stays on the listener until the last of them lets go', async () => {
  const world = await rackWorld({ version: '20260421192651' });
  const { arn } = world.acm.issueNow(['shop.example.com']);
  await createApp(world, 'shop-g2', service('shop.example.com'));
  await createApp(world, 'shop', service('shop.example.com'));

  await deleteApp(world, 'shop-g2');
  const afterFirst = httpsListener(world).certificateArns.has(arn);
  await updateApp(world, 'shop', service(''), 'R2');
  const afterLast = httpsListener(world).certificateArns.has(arn);

  expect([afterFirst, afterLast]).toEqual([true, false]);
});

test('a rule whose number another app has takes the promote back, with the reason of the balancer', async () => {
  const world = await rackWorld({ version: '20260421192651' });
  const listener = httpsListener(world);
  const templateGroup = world.balancing.createTargetGroup({
    name: 'other',
    protocol: 'HTTP',
    port: 80,
    healthCheck: {
      protocol: 'HTTP',
      path: '/',
      intervalSeconds: 5,
      timeoutSeconds: 4,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
      matcher: '200',
    },
    deregistrationDelaySeconds: 30,
    stickiness: true,
  });
  world.balancing.createRule({
    listenerArn: listener.arn,
    priority: 13481, // what shop's web gets by default
    hosts: ['other.example.com'],
    action: { type: 'forward', targetGroupArn: templateGroup.arn },
  });

  await createApp(world, 'shop', 'services:\n  web:\n    port: 80\n');

  const stacks = [...world.cloudFormation.list()];
  expect(stacks.find(({ name }) => name === 'convox-shop')?.status).toBe('ROLLBACK_COMPLETE');
  const nested = world.cloudFormation.find(
    world.cloudFormation.find('convox-shop')!.resources.get('ServiceWeb')!.physicalId,
  )!;
  expect(
    nested.events.find(({ logicalId, status }) => logicalId === 'BalancerListenerRule443' && status === 'CREATE_FAILED')
      ?.reason,
  ).toMatch(
    /^Priority '13481' is currently in use \(Service: AmazonElasticLoadBalancing; Status Code: 400; Error Code: PriorityInUse; Request ID: .*\)$/,
  );
});

test('in 2017 the rules of the domains go at once when an app is deleted, its tasks later', async () => {
  const world = await rackWorld();
  const approving = setInterval(() => {
    for (const mail of world.acm.mails) if (mail.approvedAt === undefined) world.acm.approve(mail.id);
  }, 2);
  await createApp(world, 'shop', service('shop.example.com'));
  clearInterval(approving);
  const { arn } = world.cloudFormation.find('convox-shop')!;

  await deleteApp(world, 'shop');

  const at = places(world, arn);
  expect(at.get('BalancerWebListenerRule443Domain0 DELETE_IN_PROGRESS')).toBeLessThan(
    at.get('ServiceWebService DELETE_COMPLETE')!,
  );
  expect(at.get('BalancerWebListenerRule80 DELETE_IN_PROGRESS')).toBeGreaterThan(
    at.get('ServiceWebService DELETE_COMPLETE')!,
  );
});

test('since 2019 the rule of the first domain outlives the tasks of a deleted app', async () => {
  const world = await rackWorld({ version: '20260421192651' });
  world.acm.issueNow(['shop.example.com']);
  await createApp(world, 'shop', service('shop.example.com'));
  const nested = world.cloudFormation.find('convox-shop')!.resources.get('ServiceWeb')!.physicalId;

  await deleteApp(world, 'shop');

  const at = places(world, nested);
  expect(at.get('BalancerListenerRule443Domain0 DELETE_IN_PROGRESS')).toBeGreaterThan(
    at.get('Service DELETE_COMPLETE')!,
  );
});

test('a promote without the domain takes its rules and certificate away in the clean-up, while the tasks stay', async () => {
  const world = await rackWorld({ version: '20260421192651' });
  world.acm.issueNow(['shop.example.com']);
  await createApp(world, 'shop', service('shop.example.com'));
  const before = httpsListener(world).rules.size;
  world.compute.log.length = 0;

  await updateApp(world, 'shop', service(''), 'R2');

  expect(httpsListener(world).rules.size).toBe(before - 1);
  expect(world.compute.log).toEqual(['update web']);
  const stack = world.cloudFormation.find('convox-shop')!;
  const nested = world.cloudFormation.find(stack.resources.get('ServiceWeb')!.physicalId)!;
  const rule = nested.events.find(
    ({ logicalId, status }) => logicalId === 'BalancerListenerRule443Domain0' && status === 'DELETE_IN_PROGRESS',
  )!;
  const cleanUp = stack.events.find(({ status }) => status === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS')!;
  expect(rule.at).toBeGreaterThanOrEqual(cleanUp.at);
});

test('another domain changes the rule in place: host and number at once', async () => {
  const world = await rackWorld({ version: '20260421192651' });
  world.acm.issueNow(['*.example.com']);
  await createApp(world, 'shop', service('a.example.com'));
  const ruleOf = (host: string) => [...httpsListener(world).rules.values()].find(({ hosts }) => hosts.includes(host));
  const before = { ...ruleOf('a.example.com')! };

  await updateApp(world, 'shop', service('b.example.com'), 'R2');

  const after = ruleOf('b.example.com')!;
  expect(ruleOf('a.example.com')).toBeUndefined();
  expect(after.arn).toBe(before.arn);
  expect(after.priority).not.toBe(before.priority);
});
