import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostedZone } from '../../../src/sandbox/model/dns.ts';
import { startTraffic, type TrafficOptions } from '../../../src/sandbox/network/traffic/start-traffic.ts';
import type { TrafficReport } from '../../../src/sandbox/network/traffic/traffic-report.ts';
import type { TrafficTarget } from '../../../src/sandbox/network/traffic/traffic-client.ts';
import {
  alias,
  makeAlb,
  makeClassic,
  makeGroup,
  putRecords,
  route,
  runApp,
  startNetworkWorld,
  stopNetworkWorld,
  taskDefinition,
  until,
  type Alb,
  type NetworkWorld,
} from './network-world.ts';

let world: NetworkWorld;
let zone: HostedZone;
let alb: Alb;

beforeEach(async () => {
  world = await startNetworkWorld();
  zone = world.route53.createZone({ name: 'example.com', isPrivate: false });
  alb = await makeAlb(world);
});

afterEach(() => stopNetworkWorld(world));

function target(change: Partial<TrafficTarget> = {}): TrafficTarget {
  return { host: 'shop.example.com', scheme: 'http', path: '/', view: 'public', app: 'shop', ...change };
}

function start(change: Partial<TrafficOptions> = {}) {
  const { publicDns, vpcDns } = world.dns;
  const endpoints = { publicDns, vpcDns, ports: world.dataPlane.ports(), caPem: world.acm.caPem };
  return startTraffic({ endpoints, clock: world.clock, ratePerSecond: 100, targets: [target()], ...change });
}

function countOf({ failureGroups }: TrafficReport, step: string, cause: string): number {
  return failureGroups.find((group) => group.step === step && group.cause === cause)?.count ?? 0;
}

async function serveShop(app = 'shop') {
  const group = makeGroup(world, app);
  const certificate = world.acm.issueNow(['shop.example.com']);
  world.balancing.addListenerCertificate(alb.https.arn, certificate.arn);
  const rules = route(world, alb, ['shop.example.com'], group);
  const service = runApp(world, { app, groups: [group] });
  await putRecords(world, zone.id, [alias('shop.example.com.', alb.balancer)]);
  return { group, service, certificate, rules };
}

describe('traffic', () => {
  it('has regulars who come again after their time, whatever the others do', async () => {
    await serveShop();
    const began = world.clock.now();
    const everyMs = 5 * 60_000;
    const regulars = { count: 3, target: target({ path: '/again' }), everyMs };
    const traffic = start({ ratePerSecond: 0.001, regulars });
    const visits = (): number => traffic.snapshot().sent;

    await until(() => visits() === 3);
    expect(world.clock.now() - began).toBeGreaterThanOrEqual(40_000);
    await until(() => visits() === 6);
    expect(world.clock.now() - began).toBeGreaterThanOrEqual(everyMs);

    expect(await traffic.stop()).toMatchObject({ failed: 0, sent: 6 });
  });

  it('reaches an app over HTTP and HTTPS at the rate asked for, and says who answered', async () => {
    await serveShop('shop-g2');
    const traffic = start({ targets: [target(), target({ scheme: 'https' })] });

    await until(() => traffic.snapshot().sent >= 120);
    const report = await traffic.stop();

    expect(report).toMatchObject({ failed: 0, byCause: {}, answeredBy: { 'shop-g2': report.sent }, inFlight: 0 });
    expect(report.buckets.reduce((sum, { sent }) => sum + sent, 0)).toBe(report.sent);
    expect(report.latencyMs.p50).toBeGreaterThan(0);
  });

  it('follows a redirect to https', async () => {
    await serveShop();
    alb.http.defaultAction = { type: 'redirect-to-https' };
    for (const rule of alb.http.rules.values()) rule.action = { type: 'redirect-to-https' };
    const traffic = start();

    await until(() => traffic.snapshot().sent >= 30);

    expect(await traffic.stop()).toMatchObject({ failed: 0 });
  });

  it('tells failures by cause and by the step that was marked', async () => {
    const { group, certificate, rules } = await serveShop();
    const traffic = start({
      targets: [target(), target({ scheme: 'https' }), target({ host: 'nowhere.example.com' })],
      clients: { keepAliveShare: 0 },
    });
    const expectCause = async (step: string, cause: string) => {
      traffic.mark(step);
      await until(() => countOf(traffic.snapshot(), step, cause) > 2);
    };

    await expectCause('start', 'dns');
    world.balancing.removeListenerCertificate(alb.https.arn, certificate.arn);
    await expectCause('certificate gone', 'tls');
    group.targets.clear();
    await expectCause('targets gone', 'status 503');
    for (const { arn } of rules) world.balancing.deleteRule(arn);
    await expectCause('rules gone', 'status 404');
    world.balancing.deleteLoadBalancer(alb.balancer.arn);
    await expectCause('balancer gone', 'connect');
    const report = await traffic.stop();

    expect(report.failed).toBe(Object.values(report.byCause).reduce((sum, count) => sum + count, 0));
    expect(report.failed).toBe(report.failureGroups.reduce((sum, { count }) => sum + count, 0));
    expect(report.failureGroups[0]).toMatchObject({ step: 'start', hosts: ['nowhere.example.com'], cause: 'dns' });
    expect(report.failureGroups.every(({ firstAtMs, lastAtMs }) => firstAtMs <= lastAtMs)).toBe(true);
    expect(report.failures[0]).toMatchObject({ step: 'start', host: 'nowhere.example.com', cause: 'dns' });
    expect(report.failures.every(({ atMs }) => atMs >= world.settings.startMs)).toBe(true);
  });

  it('notices an answer from an app it did not ask for', async () => {
    await serveShop('bakery');
    const traffic = start();

    await until(() => traffic.snapshot().failed >= 5);
    const report = await traffic.stop();

    expect(report.byCause).toEqual({ 'wrong app': report.sent });
  });

  it('moves with a DNS change without a failure, and later for visitors that ignore TTLs', async () => {
    const old = await makeClassic(world, 'shop-web');
    runApp(world, { app: 'shop', classics: [old] });
    const group = makeGroup(world, 'new');
    route(world, alb, ['shop.example.com'], group);
    runApp(world, { app: 'shop-g2', groups: [group] });
    const record = { name: 'shop.example.com.', type: 'CNAME', ttl: 60 };
    await putRecords(world, zone.id, [{ ...record, values: [old.dnsName] }]);
    const traffic = start({ clients: { ignoresTtlShare: 0.25, ttlFactor: 4, keepAliveMaxAgeMs: 30_000 } });
    await until(() => traffic.snapshot().sent > 30);

    await putRecords(world, zone.id, [{ ...record, values: [alb.balancer.dnsName] }]);
    const inSyncAt = world.clock.now();
    const oldShare = () => traffic.snapshot().buckets.at(-1)!.answeredBy['shop'] ?? 0;
    await until(() => world.clock.now() > inSyncAt + 500_000 && oldShare() === 0);
    const report = await traffic.stop();

    const lastOld = report.buckets.findLast(({ answeredBy }) => (answeredBy['shop'] ?? 0) > 0)!;
    expect(report.failed).toBe(0);
    expect(lastOld.atMs).toBeGreaterThan(inSyncAt);
    expect(report.answeredBy['shop-g2']).toBeGreaterThan(0);
  });

  it('loses nothing while tasks behind a byte pipe are replaced under kept connections', async () => {
    const balancer = await makeClassic(world, 'shop-web', { drainingSeconds: 20 });
    const service = runApp(world, { app: 'shop', count: 2, classics: [balancer] });
    await putRecords(world, zone.id, [alias('shop.example.com.', balancer)]);
    const traffic = start({ clients: { count: 6, keepAliveShare: 1, keepAliveMaxAgeMs: 3_600_000 } });
    await until(() => traffic.snapshot().sent > 30);

    const next = { ...taskDefinition({ app: 'shop', classics: [balancer] }), release: 'RBBBBBBBBBB' };
    world.compute.updateService(service.id, { taskDefinition: next });
    await until(() => world.compute.isStable(service.id));
    const replacedAt = traffic.snapshot().sent;
    await until(() => traffic.snapshot().sent > replacedAt + 30);

    expect(await traffic.stop()).toMatchObject({ failed: 0, byCause: {} });
  });

  it('reaches names that only the VPC knows', async () => {
    await serveShop();
    const inside = world.route53.createZone({ name: 'corp', isPrivate: true, vpcIds: [world.settings.vpcId] });
    await putRecords(world, inside.id, [alias('shop.corp.', alb.balancer)]);
    for (const rule of alb.http.rules.values()) rule.hosts = ['shop.corp'];
    const traffic = start({ targets: [target({ host: 'shop.corp', view: 'vpc' })] });

    await until(() => traffic.snapshot().sent >= 20);

    expect(await traffic.stop()).toMatchObject({ failed: 0 });
  });
});
