import { describe, expect, test } from 'vitest';

import { gen2AppTemplate } from '../../../../src/sandbox/stacks/templates/gen2-app.ts';
import { rackTemplate } from '../../../../src/sandbox/stacks/templates/rack.ts';
import type { Stack } from '../../../../src/sandbox/model/stacks.ts';
import { rackWorld, release, type StackWorld } from '../stack-world.ts';

function outputs({ outputs: all }: Stack): Readonly<Record<string, string>> {
  return Object.fromEntries(all.map(({ key, value }) => [key, value]));
}

function rackOf(world: StackWorld): Stack {
  return world.cloudFormation.find('convox')!;
}

async function update(world: StackWorld, version: string, changes: Readonly<Record<string, string>>): Promise<Stack> {
  const parameters = new Map([...rackOf(world).parameters, ...Object.entries(changes)]);
  world.cloudFormation.updateStack('convox', rackTemplate(world, { version, parameters }), parameters);
  await world.cloudFormation.settled();
  return rackOf(world);
}

describe('outputs', () => {
  test('name the public balancer raw and under convox.site, upper-case letters kept', async () => {
    const world = await rackWorld();

    const { Domain, RouterHost, StackId, Vpc, Release, Dashboard } = outputs(rackOf(world));

    expect(Domain).toMatch(/^convox-Router-[A-Z0-9]{12}-\d+\.us-east-1\.elb\.amazonaws\.com$/);
    expect(RouterHost).toBe(Domain!.replace('.elb.amazonaws.com', '.convox.site'));
    expect(StackId).toBe(rackOf(world).arn);
    expect(Vpc).toBe(world.settings.vpcId);
    expect(Release).toBe('20171213132441');
    expect(Dashboard).toBe(world.balancing.classic.get('convox')!.dnsName);
  });

  test('lack DomainInternal in late 2017 although there is an internal balancer', async () => {
    const late2017 = outputs(rackOf(await rackWorld({ parameters: { Internal: 'Yes' } })));
    const january = outputs(rackOf(await rackWorld({ version: '20180106174952', parameters: { Internal: 'Yes' } })));

    expect(late2017['DomainInternal']).toBeUndefined();
    expect(late2017['RouterInternalHost']).toMatch(/^internal-convox-rti-\d+\.us-east-1\.convox\.site$/);
    expect(january['DomainInternal']).toMatch(/^internal-convox-rti-/);
    expect(january['HostedZone']).toMatch(/^Z/);
  });

  test('of a rack without internal balancer say nothing of one, and of an internal-only rack nothing of the public one', async () => {
    const publicOnly = Object.keys(outputs(rackOf(await rackWorld())));
    const internalOnly = Object.keys(
      outputs(rackOf(await rackWorld({ version: '20190701134654', parameters: { InternalOnly: 'Yes' } }))),
    );

    expect(publicOnly.filter((key) => key.startsWith('RouterInternal'))).toEqual([]);
    expect(internalOnly).toContain('RouterInternalHost');
    expect(
      internalOnly.filter((key) => /^(Domain|RouterHost|RouterName|RouterCertificate)$|^RouterListener/.test(key)),
    ).toEqual([]);
  });

  test('of the newest rack have the API under convox.site and the version as Version', async () => {
    const { Version, Release, RackDomain, Dashboard, RouterName } = outputs(
      rackOf(await rackWorld({ version: '20260421192651' })),
    );

    expect(Version).toBe('20260421192651');
    expect(Release).toBeUndefined();
    expect(Dashboard).toMatch(/^rack\.convox-\d+\.us-east-1\.convox\.site$/);
    expect(RackDomain).toBe(Dashboard);
    expect(RouterName).toMatch(/^app\/convox-Router-[A-Z0-9]+\/[0-9a-f]+$/);
  });
});

test.each([
  ['20171213132441', 80, 'forward'],
  ['20171213132441', 443, 'forward'],
  ['20190103234204', 80, 'redirect-to-https'],
  ['20190103234204', 443, 'forward'],
  ['20190307224522', 443, 'fixed-response'],
])('rack %s answers unknown hosts on port %i by: %s', async (version, port, type) => {
  const world = await rackWorld({ version });

  const router = world.balancing.loadBalancers.get(rackOf(world).resources.get('Router')!.physicalId)!;
  const listener = [...router.listeners.values()].find((each) => each.port === port)!;

  expect(listener.defaultAction.type).toBe(type);
  expect(router.tags.get('aws:cloudformation:logical-id')).toBe('Router');
});

test('Internal=Yes adds the internal balancer and restarts the API, and cannot be taken back while an app uses it', async () => {
  const world = await rackWorld();
  world.compute.log.length = 0;

  const on = await update(world, '20171213132441', { Internal: 'Yes' });
  const log = [...world.compute.log];
  world.cloudFormation.createStack({
    name: 'convox-shop',
    template: gen2AppTemplate(world, {
      app: 'shop',
      rackVersion: '20171213132441',
      parameters: new Map(),
      release: release('R1', 'services:\n  api:\n    internal: true\n    port: 80\n'),
    }),
    parameters: new Map(),
  });
  await world.cloudFormation.settled();
  const off = await update(world, '20171213132441', { Internal: 'No' });

  expect(outputs(on)['RouterInternalHost']).toBeDefined();
  expect(log).toContain('update web');
  expect(off.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(off.parameters.get('Internal')).toBe('Yes');
  expect(off.events.find(({ status }) => status === 'UPDATE_ROLLBACK_IN_PROGRESS')?.reason).toMatch(
    /^Export convox:RouterInternal\w+ cannot be deleted as it is in use by convox-shop$/,
  );
});

test('a rack goes through all its versions without replacing its balancers; the API gets another one in 2022', async () => {
  const world = await rackWorld({ parameters: { Internal: 'Yes' } });
  const router = rackOf(world).resources.get('Router')!.physicalId;
  const internal = rackOf(world).resources.get('RouterInternal')!.physicalId;

  const seen: string[] = [];
  for (const version of [
    '20180106174952',
    '20180901000000',
    '20190103234204',
    '20190701134654',
    '20221129130331',
    '20260421192651',
  ]) {
    const { status, resources } = await update(world, version, { Version: version });
    seen.push(`${status} ${String(resources.has('Balancer'))} ${String(resources.has('ApiBalancer'))}`);
    expect(resources.get('Router')?.physicalId).toBe(router);
    expect(resources.get('RouterInternal')?.physicalId).toBe(internal);
  }

  expect(seen).toEqual([
    ...Array.from({ length: 4 }, () => 'UPDATE_COMPLETE true false'),
    'UPDATE_COMPLETE false true',
    'UPDATE_COMPLETE false true',
  ]);
  expect([...world.balancing.classic.keys()]).toEqual([]);
  expect(world.balancing.loadBalancers.get(internal)?.tags.get('Rack')).toBe('convox');
});

test('the template refuses what no rack of the version knows by ignoring it, and keeps the rest', async () => {
  const world = await rackWorld({ parameters: { InternalOnly: 'Yes', InstanceCount: '5' } });

  expect(rackOf(world).parameters.has('InternalOnly')).toBe(false);
  expect(rackOf(world).parameters.get('InstanceCount')).toBe('5');
  expect(rackOf(world).parameters.get('Version')).toBe('20171213132441');
});
