import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, type Reply } from './ask.ts';
import {
  makeAlb,
  makeGroup,
  route,
  runApp,
  startNetworkWorld,
  stopNetworkWorld,
  until,
  type Alb,
  type NetworkWorld,
} from './network-world.ts';

let world: NetworkWorld;
let alb: Alb;

beforeEach(async () => {
  world = await startNetworkWorld();
  alb = await makeAlb(world);
});

afterEach(() => stopNetworkWorld(world));

function http(host: string, path = '/', headers: Record<string, string> = {}): Promise<Reply> {
  return ask({ address: alb.balancer.addresses[0], port: world.dataPlane.ports()[80], host, path, headers });
}

function https(host: string, serverName?: string): Promise<Reply> {
  return ask({
    ...{ address: alb.balancer.addresses[1], port: world.dataPlane.ports()[443], host, caPem: world.acm.caPem },
    ...(serverName === undefined ? {} : { serverName }),
  });
}

describe('an application balancer', () => {
  it('forwards by Host to the tasks of the target group, on every address', async () => {
    const group = makeGroup(world, 'shop-web');
    route(world, alb, ['shop.example.com'], group);
    runApp(world, { app: 'shop', groups: [group] });

    const replies = await Promise.all(
      alb.balancer.addresses.map((address) =>
        ask({ address, port: world.dataPlane.ports()[80], host: 'SHOP.Example.com' }),
      ),
    );

    expect(replies.map((reply) => [reply.status, reply.headers['x-app']])).toEqual([
      [200, 'shop'],
      [200, 'shop'],
    ]);
    expect(JSON.parse(replies[0]!.body)).toMatchObject({ app: 'shop', service: 'web', generation: 2 });
  });

  it('lets the lowest priority number win when two rules have the host', async () => {
    const [first, second] = [makeGroup(world, 'one'), makeGroup(world, 'two')];
    route(world, alb, ['shop.example.com'], second, 200);
    route(world, alb, ['shop.example.com'], first, 100);
    runApp(world, { app: 'one', groups: [first] });
    runApp(world, { app: 'two', groups: [second] });

    const reply = await http('shop.example.com');

    expect(reply.headers['x-app']).toBe('one');
  });

  it('takes wildcards in rules, and the default action for other hosts', async () => {
    const group = makeGroup(world, 'wild');
    route(world, alb, ['*.example.com'], group);
    runApp(world, { app: 'wild', groups: [group] });

    const replies = await Promise.all([http('a.b.example.com'), http('example.com')]);

    expect(replies.map(({ status }) => status)).toEqual([200, 404]);
    expect(replies[1].body).toBe('unknown host');
  });

  it('shares requests between healthy targets only', async () => {
    const group = makeGroup(world, 'shop-web');
    route(world, alb, ['shop.example.com'], group);
    runApp(world, { count: 3, groups: [group] });
    const sick = [...group.targets.values()][0]!;
    sick.state = 'unhealthy';

    const replies = await Promise.all(Array.from({ length: 8 }, () => http('shop.example.com')));

    const tasks = new Set(replies.map((reply) => reply.headers['x-task']));
    expect(tasks.size).toBe(2);
    expect(tasks.has(sick.taskId)).toBe(false);
  });

  it('answers 503 while a group has no registered target', async () => {
    route(world, alb, ['shop.example.com'], makeGroup(world, 'empty'));

    const reply = await http('shop.example.com');

    expect(reply.status).toBe(503);
    expect(reply.headers['server']).toBe('awselb/2.0');
  });

  it('fails open when all targets are unhealthy, and answers 502 when the one chosen does not listen', async () => {
    const group = makeGroup(world, 'shop-web', {
      healthCheck: { ...makeGroup(world, 'spare').healthCheck, path: '/sick' },
    });
    route(world, alb, ['shop.example.com'], group);
    runApp(
      world,
      { program: { statusByPath: { '/sick': 500 }, bootSeconds: 20 }, groups: [group] },
      { settled: false },
    );
    await until(() => group.targets.size > 0);

    const early = await http('shop.example.com');
    await until(() =>
      [...group.targets.values()].some(({ state, process }) => state === 'unhealthy' && process?.listening),
    );
    const late = await http('shop.example.com');

    expect(early.status).toBe(502);
    expect(late.status).toBe(200);
  });

  it('answers 504 when a target takes longer than the idle timeout', async () => {
    const group = makeGroup(world, 'slow');
    route(world, alb, ['slow.example.com'], group);
    runApp(world, { program: { latencyMs: 8_000 }, groups: [group] });

    const reply = await http('slow.example.com');

    expect(reply.status).toBe(504);
  });

  it('redirects to https where the listener says so', async () => {
    alb.http.defaultAction = { type: 'redirect-to-https' };

    const reply = await http('shop.example.com', '/cart?x=1');

    expect(reply.status).toBe(301);
    expect(reply.headers['location']).toBe('https://shop.example.com:443/cart?x=1');
  });

  it('refuses more than 30 addresses in X-Forwarded-For with 463', async () => {
    const group = makeGroup(world, 'shop-web');
    route(world, alb, ['shop.example.com'], group);
    runApp(world, { groups: [group] });
    const addresses = (count: number) => Array.from({ length: count }, (_, i) => `10.0.0.${i}`).join(', ');

    const replies = await Promise.all(
      [30, 31].map((count) => http('shop.example.com', '/', { 'X-Forwarded-For': addresses(count) })),
    );

    expect(replies.map(({ status }) => status)).toEqual([200, 463]);
  });

  it('shows the certificate that fits the name, and the default one while none does', async () => {
    const group = makeGroup(world, 'shop-web');
    route(world, alb, ['shop.example.com'], group);
    runApp(world, { groups: [group] });
    const rackHost = `x.${alb.balancer.dnsName.split('.')[0]!.toLowerCase()}.us-east-1.convox.site`;

    const before = https('shop.example.com');
    await expect(before).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const certificate = world.acm.issueNow(['shop.example.com']);
    world.balancing.addListenerCertificate(alb.https.arn, certificate.arn);
    const after = await https('shop.example.com');
    const rack = await https('shop.example.com', rackHost);
    world.balancing.removeListenerCertificate(alb.https.arn, certificate.arn);
    const gone = https('shop.example.com');

    expect(after).toMatchObject({ status: 200, certificateNames: 'DNS:shop.example.com' });
    expect(rack.certificateNames).toContain('convox.site');
    await expect(gone).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('prefers a certificate for the very name to a wildcard', async () => {
    const wildcard = world.acm.issueNow(['*.example.com']);
    const exact = world.acm.issueNow(['shop.example.com']);
    for (const { arn } of [wildcard, exact]) world.balancing.addListenerCertificate(alb.https.arn, arn);

    const replies = await Promise.all([https('shop.example.com'), https('www.example.com')]);

    expect(replies.map(({ certificateNames }) => certificateNames)).toEqual([
      'DNS:shop.example.com',
      'DNS:*.example.com',
    ]);
  });

  it('refuses connections once it is deleted', async () => {
    world.balancing.deleteLoadBalancer(alb.balancer.arn);

    await expect(http('shop.example.com')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('serves a leaving address for a while after DNS has forgotten it', async () => {
    const leaving = alb.balancer.addresses[0]!;

    world.dataPlane.replaceAddress(alb.balancer, leaving, 30_000);
    await world.dataPlane.settled();
    const stillThere = await ask({ address: leaving, port: world.dataPlane.ports()[80], host: 'x' });

    expect(alb.balancer.addresses).not.toContain(leaving);
    expect(stillThere.status).toBe(404);
    await until(() =>
      ask({ address: leaving, port: world.dataPlane.ports()[80], host: 'x' }).then(
        () => false,
        () => true,
      ),
    );
    expect((await http('x')).status).toBe(404);
  });

  it('counts requests by balancer and by target group, as CloudWatch names them', async () => {
    const group = makeGroup(world, 'shop-web');
    route(world, alb, ['shop.example.com'], group);
    runApp(world, { groups: [group] });
    const since = world.clock.now();

    for (let i = 0; i < 5; i += 1) await http('shop.example.com');
    const dimensions = {
      LoadBalancer: alb.balancer.arn.split(':loadbalancer/')[1]!,
      TargetGroup: group.arn.slice(group.arn.indexOf('targetgroup/')),
    };
    const sum = (name: string) =>
      world.metrics
        .read('AWS/ApplicationELB', name, dimensions, {
          ...{ fromMs: since - 60_000, toMs: since + 600_000, periodSeconds: 60, statistic: 'Sum' },
        })
        .reduce((total, { value }) => total + value, 0);

    await until(() => sum('RequestCount') === 5);
    expect(sum('HTTPCode_Target_2XX_Count')).toBe(5);
    expect(sum('TargetResponseTime')).toBeGreaterThan(0);
  });
});
