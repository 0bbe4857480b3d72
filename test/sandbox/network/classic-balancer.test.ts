import { Agent, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClassicBalancer, ClassicListener } from '../../../src/sandbox/model/load-balancing.ts';
import { ask, type Reply } from './ask.ts';
import {
  makeAlb,
  makeClassic,
  makeGroup,
  route,
  runApp,
  startNetworkWorld,
  stopNetworkWorld,
  until,
  type NetworkWorld,
} from './network-world.ts';

let world: NetworkWorld;

beforeEach(async () => {
  world = await startNetworkWorld();
});

afterEach(() => stopNetworkWorld(world));

function listener(port: number, protocol: ClassicListener['protocol'], certificateArn?: string): ClassicListener {
  return { port, protocol, instanceProtocol: 'TCP', instancePort: 41_000, certificateArn };
}

function http(balancer: ClassicBalancer, headers: Record<string, string> = {}): Promise<Reply> {
  const [address] = balancer.addresses;
  return ask({ address, port: world.dataPlane.ports()[80], host: 'any.example.com', headers });
}

describe('a classic balancer', () => {
  it('is a byte pipe to a healthy task on a TCP port, whatever the host', async () => {
    const balancer = await makeClassic(world, 'shop-web-ABCDEFG');
    runApp(world, { app: 'shop', classics: [balancer] });

    const reply = await http(balancer);

    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body)).toMatchObject({ app: 'shop', generation: 1 });
  });

  it('is there at a scale that divides no time limit evenly', async () => {
    const odd = await startNetworkWorld({ scale: 7 });
    try {
      const port = odd.dataPlane.ports()[80];
      const classic = await makeClassic(odd, 'odd', { listeners: [listener(80, 'HTTP')] });
      const alb = await makeAlb(odd);
      const group = makeGroup(odd, 'shop-web');
      route(odd, alb, ['any.example.com'], group);
      runApp(odd, { classics: [classic], groups: [group] });

      const addresses = [classic.addresses[0], alb.balancer.addresses[0]];
      const replies = await Promise.all(addresses.map((address) => ask({ address, port, host: 'any.example.com' })));

      expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    } finally {
      await stopNetworkWorld(odd);
    }
  });

  it('serves other ports under their own number, but no privileged one', async () => {
    const listeners = [listener(8_080, 'TCP'), listener(25, 'TCP')];
    const balancer = await makeClassic(world, 'odd', { listeners });
    runApp(world, { classics: [balancer] });
    const [address] = balancer.addresses;

    const reply = await ask({ address, port: 8_080, host: 'any.example.com' });
    const mail = ask({ address, port: 25, host: 'any.example.com' });

    expect(reply.status).toBe(200);
    await expect(mail).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('ends TLS with its one certificate on SSL and HTTPS ports', async () => {
    const certificate = world.acm.issueNow(['shop.example.com', 'www.example.com']);
    const ssl = await makeClassic(world, 'ssl', { listeners: [listener(443, 'SSL', certificate.arn)] });
    const https = await makeClassic(world, 'https', { listeners: [listener(443, 'HTTPS', certificate.arn)] });
    runApp(world, { app: 'one', classics: [ssl] });
    runApp(world, { app: 'two', classics: [https] });

    const replies = await Promise.all(
      [ssl, https].map(({ addresses: [address] }) =>
        ask({ address, port: world.dataPlane.ports()[443], host: 'www.example.com', caPem: world.acm.caPem }),
      ),
    );

    expect(replies.map((reply) => reply.headers['x-app'])).toEqual(['one', 'two']);
  });

  it('closes TCP connections and answers HTTP ones with 503 while no task is healthy', async () => {
    const tcp = await makeClassic(world, 'tcp');
    const plain = await makeClassic(world, 'http', { listeners: [listener(80, 'HTTP')] });

    await expect(http(tcp)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await http(plain)).status).toBe(503);
  });

  it('needs as many successes as the healthy threshold says before a task gets traffic', async () => {
    const balancer = await makeClassic(world, 'shop-web');
    runApp(world, { classics: [balancer], program: { bootSeconds: 1 } }, { settled: false });

    await until(() => balancer.targets.size === 1);
    const [target] = balancer.targets.values();

    expect(target).toMatchObject({ state: 'initial', reason: 'ELB' });
    await until(() => target!.state === 'healthy');
    expect((await http(balancer)).status).toBe(200);
  });

  it('keeps an open connection while its task drains, and the task answers on it', async () => {
    const balancer = await makeClassic(world, 'shop-web');
    const service = runApp(world, { classics: [balancer] });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const onKept = () =>
      new Promise<number>((resolve, reject) => {
        const options = { agent, host: balancer.addresses[0], port: world.dataPlane.ports()[80] };
        const asked = request(options, (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
        });
        asked.on('error', reject);
        asked.end();
      });

    const before = await onKept();
    const deleted = world.compute.deleteService(service.id);
    const during = await onKept();
    const fresh = http(balancer);

    expect([before, during]).toEqual([200, 200]);
    await expect(fresh).rejects.toMatchObject({ code: 'ECONNRESET' });
    await deleted;
    await expect(onKept()).rejects.toMatchObject({ code: 'ECONNRESET' });
    agent.destroy();
  });

  it('counts connections on TCP ports under its own name', async () => {
    const balancer = await makeClassic(world, 'shop-web');
    runApp(world, { classics: [balancer] });
    const since = world.clock.now();

    await http(balancer);
    await http(balancer);

    const range = { fromMs: since - 60_000, toMs: since + 600_000, periodSeconds: 60, statistic: 'Sum' };
    await until(() => {
      const points = world.metrics.read('AWS/ELB', 'RequestCount', { LoadBalancerName: 'shop-web' }, range);
      return points.reduce((sum, { value }) => sum + value, 0) === 2;
    });
  });
});
