import {
  DescribeInstanceHealthCommand,
  DescribeLoadBalancerAttributesCommand as DescribeClassicAttributesCommand,
  DescribeLoadBalancersCommand as DescribeClassicCommand,
  DescribeTagsCommand as DescribeClassicTagsCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  DescribeAccountLimitsCommand,
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  paginateDescribeLoadBalancers,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect } from 'vitest';
import type { HealthCheck, Listener, LoadBalancer, Target } from '../../../src/sandbox/model/load-balancing.ts';
import type { World } from '../../../src/sandbox/world.ts';
import { test } from './aws-world.ts';

const HEALTH: HealthCheck = {
  protocol: 'HTTP',
  path: '/health',
  intervalSeconds: 5,
  timeoutSeconds: 4,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
  matcher: '200-399',
};

function listenerOn(world: World, balancer: LoadBalancer): Listener {
  return world.balancing.createListener({
    loadBalancerArn: balancer.arn,
    port: 80,
    protocol: 'HTTP',
    defaultAction: { type: 'redirect-to-https' },
    defaultCertificateArn: undefined,
  });
}

function groupIn(world: World, name: string) {
  return world.balancing.createTargetGroup({
    name,
    protocol: 'HTTP',
    port: 3000,
    healthCheck: HEALTH,
    deregistrationDelaySeconds: 30,
    stickiness: true,
    tags: new Map([['App', 'shop']]),
  });
}

function targetOf(taskId: string, change: Partial<Target> = {}): Target {
  return {
    taskId,
    instanceId: 'i-0a',
    hostPort: 32_768,
    state: 'healthy',
    reason: undefined,
    description: undefined,
    ...change,
  };
}

describe('application balancers', () => {
  test('names carry what AWS puts in them, the internal prefix and the region’s zone included', async ({
    aws: { world },
    clients,
  }) => {
    const outside = world.balancing.createLoadBalancer({ name: 'convox-Router-UACTD9', scheme: 'internet-facing' });
    const inside = world.balancing.createLoadBalancer({ name: 'convox-rti', scheme: 'internal' });

    const { LoadBalancers } = await clients.elbv2.send(
      new DescribeLoadBalancersCommand({ LoadBalancerArns: [outside.arn, inside.arn] }),
    );

    expect(outside.arn).toMatch(
      /^arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer\/app\/convox-Router-UACTD9\/[0-9a-f]{16}$/,
    );
    expect(outside.dnsName).toMatch(/^convox-Router-UACTD9-\d+\.us-east-1\.elb\.amazonaws\.com$/);
    expect(inside.dnsName).toMatch(/^internal-convox-rti-\d+\.us-east-1\.elb\.amazonaws\.com$/);
    expect(LoadBalancers).toMatchObject([
      {
        DNSName: outside.dnsName,
        CanonicalHostedZoneId: 'Z35SXDOTRQ7X7K',
        Scheme: 'internet-facing',
        Type: 'application',
        State: { Code: 'active' },
        VpcId: world.settings.vpcId,
      },
      { DNSName: inside.dnsName, Scheme: 'internal' },
    ]);
  });

  test('come in pages of 400', async ({ aws: { world }, clients }) => {
    for (let index = 0; index < 405; index += 1) {
      world.balancing.createLoadBalancer({ name: `b${String(index)}`, scheme: 'internal' });
    }

    const sizes: (number | undefined)[] = [];
    for await (const page of paginateDescribeLoadBalancers({ client: clients.elbv2 }, {})) {
      sizes.push(page.LoadBalancers?.length);
    }

    expect(sizes).toEqual([400, 5]);
  });

  test('are found by name, and refused when not there', async ({ aws: { world }, clients }) => {
    const balancer = world.balancing.createLoadBalancer({ name: 'convox-rti', scheme: 'internal' });

    const byName = await clients.elbv2.send(new DescribeLoadBalancersCommand({ Names: ['convox-rti'] }));

    expect(byName.LoadBalancers?.map(({ LoadBalancerArn }) => LoadBalancerArn)).toEqual([balancer.arn]);
    world.balancing.deleteLoadBalancer(balancer.arn);
    await expect(clients.elbv2.send(new DescribeLoadBalancersCommand({ Names: ['convox-rti'] }))).rejects.toMatchObject(
      {
        name: 'LoadBalancerNotFoundException',
        message: 'One or more load balancers not found',
      },
    );
    await expect(
      clients.elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [balancer.arn] })),
    ).rejects.toMatchObject({ message: `Load balancers '[${balancer.arn}]' not found` });
  });

  test('attributes can be read', async ({ aws: { world }, clients }) => {
    const balancer = world.balancing.createLoadBalancer({ name: 'router', scheme: 'internet-facing' });
    balancer.attributes.set('idle_timeout.timeout_seconds', '3600');

    const { Attributes } = await clients.elbv2.send(
      new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: balancer.arn }),
    );

    expect(Attributes).toContainEqual({ Key: 'idle_timeout.timeout_seconds', Value: '3600' });
  });

  test('tags are told for at most 20 at a time', async ({ aws: { world }, clients }) => {
    const balancer = world.balancing.createLoadBalancer({
      name: 'router',
      scheme: 'internet-facing',
      tags: new Map([['Rack', 'convox']]),
    });
    const group = groupIn(world, 'web');
    const ask = (ResourceArns: string[]) => clients.elbv2.send(new DescribeTagsCommand({ ResourceArns }));

    const { TagDescriptions } = await ask([balancer.arn, group.arn]);

    expect(TagDescriptions).toEqual([
      { ResourceArn: balancer.arn, Tags: [{ Key: 'Rack', Value: 'convox' }] },
      { ResourceArn: group.arn, Tags: [{ Key: 'App', Value: 'shop' }] },
    ]);
    await expect(ask(Array.from({ length: 21 }, () => balancer.arn))).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining('length less than or equal to 20') as string,
    });
  });

  test('the account’s limits are those of a new account', async ({ clients }) => {
    const { Limits } = await clients.elbv2.send(new DescribeAccountLimitsCommand({}));

    expect(Limits).toContainEqual({ Name: 'rules-per-application-load-balancer', Max: '100' });
    expect(Limits).toContainEqual({ Name: 'certificates-per-application-load-balancer', Max: '25' });
  });
});

describe('listeners and rules', () => {
  test('rules come by priority, the default one last', async ({ aws: { world }, clients }) => {
    const balancer = world.balancing.createLoadBalancer({ name: 'router', scheme: 'internet-facing' });
    const listener = listenerOn(world, balancer);
    const group = groupIn(world, 'web');
    for (const priority of [18_392, 2_369]) {
      world.balancing.createRule({
        listenerArn: listener.arn,
        priority,
        hosts: ['shop.example.com'],
        action: { type: 'forward', targetGroupArn: group.arn },
      });
    }

    const { Rules } = await clients.elbv2.send(new DescribeRulesCommand({ ListenerArn: listener.arn }));

    expect(Rules?.map(({ Priority, IsDefault }) => [Priority, IsDefault])).toEqual([
      ['2369', false],
      ['18392', false],
      ['default', true],
    ]);
    expect(Rules?.[0]).toMatchObject({
      Conditions: [{ Field: 'host-header', Values: ['shop.example.com'] }],
      Actions: [{ Type: 'forward', TargetGroupArn: group.arn }],
    });
    expect(Rules?.[2]?.Actions).toMatchObject([
      { Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', StatusCode: 'HTTP_301' } },
    ]);
  });

  test('two rules may want one host, but not one number', ({ aws: { world } }) => {
    const listener = listenerOn(world, world.balancing.createLoadBalancer({ name: 'r', scheme: 'internet-facing' }));
    const rule = { listenerArn: listener.arn, hosts: ['shop.example.com'], action: listener.defaultAction };

    world.balancing.createRule({ ...rule, priority: 1 });
    world.balancing.createRule({ ...rule, priority: 2 });

    expect(() => world.balancing.createRule({ ...rule, priority: 2 })).toThrow("Priority '2' is currently in use");
    expect(() => world.balancing.createRule({ ...rule, priority: 50_001 })).toThrow('between 1 and 50000');
  });

  test('a balancer takes 100 rules on all its listeners together', ({ aws: { world } }) => {
    const balancer = world.balancing.createLoadBalancer({ name: 'r', scheme: 'internet-facing' });
    const plain = listenerOn(world, balancer);
    const secure = world.balancing.createListener({
      loadBalancerArn: balancer.arn,
      port: 443,
      protocol: 'HTTPS',
      defaultAction: plain.defaultAction,
      defaultCertificateArn: world.acm.issueNow(['*.convox.site']).arn,
    });
    const add = (listener: Listener, priority: number): unknown =>
      world.balancing.createRule({ listenerArn: listener.arn, priority, hosts: ['h'], action: plain.defaultAction });
    for (let priority = 1; priority <= 50; priority += 1) {
      add(plain, priority);
      add(secure, priority);
    }

    expect(() => add(secure, 51)).toThrow('maximum number of rules');
  });

  test('a listener takes issued certificates, 25 besides the default', async ({ aws: { world }, clients }) => {
    const balancer = world.balancing.createLoadBalancer({ name: 'r', scheme: 'internet-facing' });
    const main = world.acm.issueNow(['*.convox.site']).arn;
    const listener = world.balancing.createListener({
      loadBalancerArn: balancer.arn,
      port: 443,
      protocol: 'HTTPS',
      defaultAction: { type: 'fixed-response', status: 404, body: 'unknown host' },
      defaultCertificateArn: main,
    });
    const pending = world.acm.request({ domainName: 'shop.example.com', names: [], method: 'EMAIL' });
    const extra = Array.from({ length: 26 }, (_, index) => world.acm.issueNow([`h${String(index)}.example.com`]).arn);

    for (const arn of extra.slice(0, 25)) world.balancing.addListenerCertificate(listener.arn, arn);
    const { Certificates } = await clients.elbv2.send(
      new DescribeListenerCertificatesCommand({ ListenerArn: listener.arn }),
    );

    expect(Certificates?.length).toBe(26);
    expect(Certificates?.filter(({ IsDefault }) => IsDefault)).toEqual([{ CertificateArn: main, IsDefault: true }]);
    expect(() => {
      world.balancing.addListenerCertificate(listener.arn, extra[25]!);
    }).toThrow('maximum number of certificates');
    expect(() => {
      world.balancing.addListenerCertificate(listener.arn, pending.arn);
    }).toThrow('must have a fully-qualified domain name');
  });

  test('the data plane hears of whatever changes what listens', ({ aws: { world, dataPlane } }) => {
    const balancer = world.balancing.createLoadBalancer({ name: 'r', scheme: 'internet-facing' });
    const steps = [
      (): unknown => listenerOn(world, balancer),
      (): unknown =>
        world.balancing.createRule({
          listenerArn: [...balancer.listeners.keys()][0]!,
          priority: 1,
          hosts: ['h'],
          action: { type: 'redirect-to-https' },
        }),
      (): unknown => {
        world.balancing.deleteRule([...[...balancer.listeners.values()][0]!.rules.keys()][0]!);
        return undefined;
      },
      (): unknown => {
        world.balancing.deleteListener([...balancer.listeners.keys()][0]!);
        return undefined;
      },
    ];

    const counts = steps.map((step) => {
      step();
      return dataPlane.served.length;
    });
    world.balancing.deleteLoadBalancer(balancer.arn);

    expect(counts).toEqual([2, 3, 4, 5]);
    expect(dataPlane.removed).toEqual([balancer]);
  });

  test('listeners of a balancer are told, and refused when not there', async ({ aws: { world }, clients }) => {
    const balancer = world.balancing.createLoadBalancer({ name: 'r', scheme: 'internet-facing' });
    const listener = listenerOn(world, balancer);

    const { Listeners } = await clients.elbv2.send(new DescribeListenersCommand({ LoadBalancerArn: balancer.arn }));

    expect(Listeners).toMatchObject([{ ListenerArn: listener.arn, Port: 80, Protocol: 'HTTP' }]);
    expect(world.balancing.findListener(listener.arn)).toBe(listener);
    await expect(
      clients.elbv2.send(new DescribeRulesCommand({ ListenerArn: `${listener.arn}0` })),
    ).rejects.toMatchObject({ name: 'ListenerNotFoundException' });
  });
});

describe('target groups', () => {
  test('tell their health check and the balancers that forward to them', async ({ aws: { world }, clients }) => {
    const balancer = world.balancing.createLoadBalancer({ name: 'r', scheme: 'internet-facing' });
    const used = groupIn(world, 'used');
    groupIn(world, 'idle');
    world.balancing.createRule({
      listenerArn: listenerOn(world, balancer).arn,
      priority: 1,
      hosts: ['h'],
      action: { type: 'forward', targetGroupArn: used.arn },
    });

    const { TargetGroups } = await clients.elbv2.send(
      new DescribeTargetGroupsCommand({ LoadBalancerArn: balancer.arn }),
    );

    expect(TargetGroups).toMatchObject([
      {
        TargetGroupArn: used.arn,
        HealthCheckPath: '/health',
        HealthCheckIntervalSeconds: 5,
        Matcher: { HttpCode: '200-399' },
        LoadBalancerArns: [balancer.arn],
      },
    ]);
    expect(() => {
      world.balancing.deleteTargetGroup(used.arn);
    }).toThrow('is currently in use by a listener or a rule');
  });

  test('tell the health of each target, and that nobody uses them', async ({ aws: { world }, clients }) => {
    const group = groupIn(world, 'web');
    group.targets.set('task-1', targetOf('task-1'));
    group.targets.set(
      'task-2',
      targetOf('task-2', {
        hostPort: 32_769,
        state: 'unhealthy',
        reason: 'Target.ResponseCodeMismatch',
        description: 'Health checks failed with these codes: [301]',
      }),
    );
    const ask = async () => {
      const answer = await clients.elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: group.arn }));
      return answer.TargetHealthDescriptions?.map(({ Target: target, TargetHealth }) => [target?.Port, TargetHealth]);
    };

    const before = await ask();
    world.balancing.createListener({
      loadBalancerArn: world.balancing.createLoadBalancer({ name: 'r', scheme: 'internal' }).arn,
      port: 80,
      protocol: 'HTTP',
      defaultAction: { type: 'forward', targetGroupArn: group.arn },
      defaultCertificateArn: undefined,
    });
    const after = await ask();

    expect(before?.map(([, health]) => health)).toMatchObject([
      { State: 'unused', Reason: 'Target.NotInUse' },
      { State: 'unused', Reason: 'Target.NotInUse' },
    ]);
    expect(after).toEqual([
      [32_768, { State: 'healthy' }],
      [
        32_769,
        {
          State: 'unhealthy',
          Reason: 'Target.ResponseCodeMismatch',
          Description: 'Health checks failed with these codes: [301]',
        },
      ],
    ]);
  });
});

describe('classic balancers', () => {
  function classicIn(world: World) {
    return world.balancing.createClassic({
      name: 'shop-web-ABCDEFG',
      scheme: 'internal',
      listeners: [
        { port: 80, protocol: 'HTTP', instanceProtocol: 'HTTP', instancePort: 21_755, certificateArn: undefined },
      ],
      healthCheck: { ...HEALTH, protocol: 'TCP', path: '', matcher: '' },
      drainingSeconds: 60,
      idleSeconds: 3600,
      tags: new Map([['App', 'shop']]),
    });
  }

  test('are described with zone, listeners and health check', async ({ aws: { world, dataPlane }, clients }) => {
    const balancer = classicIn(world);

    const { LoadBalancerDescriptions } = await clients.elb.send(new DescribeClassicCommand({}));
    const tags = await clients.elb.send(new DescribeClassicTagsCommand({ LoadBalancerNames: [balancer.name] }));
    const { LoadBalancerAttributes } = await clients.elb.send(
      new DescribeClassicAttributesCommand({ LoadBalancerName: balancer.name }),
    );

    expect(balancer.dnsName).toMatch(/^internal-shop-web-ABCDEFG-\d+\.us-east-1\.elb\.amazonaws\.com$/);
    expect(dataPlane.served).toEqual([balancer]);
    expect(LoadBalancerDescriptions).toMatchObject([
      {
        LoadBalancerName: 'shop-web-ABCDEFG',
        DNSName: balancer.dnsName,
        CanonicalHostedZoneNameID: 'Z35SXDOTRQ7X7K',
        Scheme: 'internal',
        HealthCheck: { Target: 'TCP:21755', Interval: 5 },
        ListenerDescriptions: [{ Listener: { LoadBalancerPort: 80, InstancePort: 21_755, Protocol: 'HTTP' } }],
      },
    ]);
    expect(tags.TagDescriptions).toMatchObject([{ Tags: [{ Key: 'App', Value: 'shop' }] }]);
    expect(LoadBalancerAttributes).toMatchObject({
      ConnectionDraining: { Enabled: true, Timeout: 60 },
      ConnectionSettings: { IdleTimeout: 3600 },
    });
  });

  test('an instance is in service as long as one of its tasks is', async ({ aws: { world }, clients }) => {
    const balancer = classicIn(world);
    balancer.targets.set('a', targetOf('a', { instanceId: 'i-1', state: 'unhealthy' }));
    balancer.targets.set('b', targetOf('b', { instanceId: 'i-1', state: 'healthy' }));
    balancer.targets.set('c', targetOf('c', { instanceId: 'i-2', state: 'unhealthy' }));

    const { InstanceStates } = await clients.elb.send(
      new DescribeInstanceHealthCommand({ LoadBalancerName: balancer.name }),
    );

    expect(InstanceStates?.map(({ InstanceId, State, ReasonCode }) => [InstanceId, State, ReasonCode])).toEqual([
      ['i-1', 'InService', 'N/A'],
      ['i-2', 'OutOfService', 'Instance'],
    ]);
  });

  test('one that is not there is refused by name', async ({ clients }) => {
    await expect(clients.elb.send(new DescribeClassicCommand({ LoadBalancerNames: ['nobody'] }))).rejects.toMatchObject(
      {
        name: 'AccessPointNotFoundException',
        message: "There is no ACTIVE Load Balancer named 'nobody'",
      },
    );
  });
});
