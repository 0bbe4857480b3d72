import { describe, expect, test } from 'vitest';

import type { ResourceTemplate, StackTemplate } from '../../../../src/sandbox/model/stacks.ts';
import { gen2AppTemplate } from '../../../../src/sandbox/stacks/templates/gen2-app.ts';
import { release, stackWorld } from '../stack-world.ts';

const MANIFEST = `
services:
  web:
    build: .
    domain: shop.example.com, www.example.com
    port: 3000
    drain: 7
    sticky: false
    health:
      grace: 44
`;

interface Options {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly manifest?: string;
}

/** The resources of the service's stack, or of the app's where services have none of their own. */
function serviceResources(rackVersion: string, { parameters = {}, manifest = MANIFEST }: Options = {}) {
  const world = stackWorld({ rackVersion });
  const template = gen2AppTemplate(world, {
    app: 'shop',
    rackVersion,
    parameters: new Map(Object.entries(parameters)),
    release: release('R1', manifest),
  });
  const nested = template.resources.find(({ logicalId }) => logicalId === 'ServiceWeb');
  // What a nested stack's handler takes.
  const inner = nested?.properties(() => '') as { template: StackTemplate } | undefined;
  world.clock.close();
  const resources = inner?.template.resources ?? template.resources;
  return {
    ids: resources.map(({ logicalId }) => logicalId),
    ecs: resources.find(({ type }) => type === 'AWS::ECS::Service')!,
    group: propertiesOf(resources.find(({ type }) => type === 'AWS::ElasticLoadBalancingV2::TargetGroup')),
    service: propertiesOf(resources.find(({ type }) => type === 'AWS::ECS::Service')),
  };
}

function propertiesOf(resource: ResourceTemplate | undefined): Record<string, unknown> {
  // Each type's own properties; the tests know them.
  return (resource?.properties((id) => id) ?? {}) as Record<string, unknown>;
}

describe('what must be there before the ECS service, and outlives it', () => {
  test.each([
    ['20171213132441', ['BalancerWebListenerRule80']],
    ['20180324152434', []],
    ['20180328031038', ['BalancerWebListenerRule80Domain0']],
    ['20180808194846', ['BalancerListenerRule80Domain0']],
    ['20190103234204', ['BalancerListenerRule443Domain0']],
    ['20260421192651', ['BalancerListenerRule443Domain0']],
  ])('rack %s: %j', (rackVersion, dependsOn) => {
    expect(serviceResources(rackVersion).ecs.dependsOn).toEqual(dependsOn);
  });
});

test.each([
  ['20171213132441', '200', 5],
  ['20180412033556', '200-399', 5],
  ['20180416200237', '200-399', 2],
  ['20180705140223', '200-399,401', 2],
  ['20220207122553', '200-299', 2],
])('rack %s calls a target healthy for %s, after %i answers', (rackVersion, matcher, healthyThreshold) => {
  const { group } = serviceResources(rackVersion, { parameters: { LoadBalancerSuccessCodes: '200-299' } });

  expect(group['healthCheck']).toMatchObject({ matcher, healthyThreshold, unhealthyThreshold: 2 });
});

test('drain, stickiness and grace come from the manifest only where the rack reads them', () => {
  const old = serviceResources('20171213132441');
  const recent = serviceResources('20260421192651');

  expect(old.group).toMatchObject({ deregistrationDelaySeconds: 30, stickiness: true });
  expect(old.service).toMatchObject({ graceSeconds: 0 });
  expect(recent.group).toMatchObject({ deregistrationDelaySeconds: 7, stickiness: false });
  expect(recent.service).toMatchObject({ graceSeconds: 44 });
});

test('rules on port 80 go away when racks learn to redirect, unless the app says RedirectHttps=No', () => {
  const rules80 = (rackVersion: string, parameters: Record<string, string> = {}): number =>
    serviceResources(rackVersion, { parameters }).ids.filter((id) => id.includes('ListenerRule80')).length;

  expect(rules80('20171213132441')).toBe(3);
  expect(rules80('20180808194846')).toBe(4);
  expect(rules80('20190103234204')).toBe(0);
  expect(rules80('20190103234204', { RedirectHttps: 'No' })).toBe(4);
});

test('with InternalDomains=No a service with a domain has rules for its domains only', () => {
  const { ids } = serviceResources('20260421192651', { parameters: { InternalDomains: 'No' } });

  expect(ids.filter((id) => id.includes('Rule'))).toEqual([
    'BalancerListenerRule443Domain0',
    'BalancerListenerRule443Domain1',
  ]);
  expect(ids).not.toContain('RecordSetInternal');
});

test('a service without a port has neither target group nor rules', () => {
  const { ids, service } = serviceResources('20171213132441', {
    manifest: 'services:\n  web:\n    build: .\n    domain: shop.example.com\n',
  });

  expect(ids).toEqual(['LogGroup', 'Registry', 'ServiceRole', 'Settings', 'ServiceWebTasks', 'ServiceWebService']);
  expect(service).toMatchObject({ targetGroupArns: [], classicBalancerNames: [] });
});

test('parameters appear with the rack that knows them, and a scale in force wins over the manifest', () => {
  const parametersAt = (rackVersion: string): ReadonlyMap<string, string> => {
    const world = stackWorld({ rackVersion });
    const template = gen2AppTemplate(world, {
      app: 'shop',
      rackVersion,
      parameters: new Map([['WebFormation', '3,64,128']]),
      release: release('R1', 'services:\n  web:\n    port: 80\n  job:\n    scale: 4\n'),
    });
    world.clock.close();
    return template.parameters!;
  };

  expect(Object.fromEntries(parametersAt('20171213132441'))).toEqual({
    LogBucket: '',
    Private: 'No',
    WebFormation: '3,64,128',
    JobFormation: '4,128,256',
    Rack: 'convox',
  });
  expect(Object.fromEntries(parametersAt('20260421192651'))).toMatchObject({
    InternalDomains: 'Yes',
    RedirectHttps: 'Yes',
    LoadBalancerSuccessCodes: '200-399,401',
    JobFormation: '4,256,512',
  });
});
