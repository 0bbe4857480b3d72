import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from './ask.ts';
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

async function getFrom(
  app: { proxies: Record<string, string>; environment: Record<string, string> },
  keepHost = false,
) {
  const group = makeGroup(world, 'front');
  route(world, alb, ['shop.example.com'], group, 1);
  const program = { proxies: app.proxies, proxyKeepsHost: keepHost };
  runApp(world, { app: 'shop', program, environment: app.environment, groups: [group] });
  return ask({
    ...{ address: alb.balancer.addresses[0], port: world.dataPlane.ports()[80] },
    ...{ host: 'shop.example.com', path: '/api/items' },
  });
}

describe('a program that proxies', () => {
  it('reaches a generation-1 service by its tcp:// link, through its private name', async () => {
    const internal = await makeClassic(world, 'shop-api-i', { scheme: 'internal' });
    runApp(world, { app: 'shop', service: 'api', classics: [internal] });
    const zone = world.route53.createZone({
      name: 'corp.example.com',
      isPrivate: true,
      vpcIds: [world.settings.vpcId],
    });
    await putRecords(world, zone.id, [alias('api.corp.example.com.', internal)]);

    const reply = await getFrom({
      proxies: { '/api': 'API_URL' },
      environment: { API_URL: 'tcp://api.corp.example.com:80' },
    });

    expect(reply.status).toBe(200);
    expect(reply.headers['x-service']).toBe('web');
    expect(JSON.parse(reply.body)).toMatchObject({ service: 'api', generation: 1 });
  });

  it('reaches a generation-2 service by its https:// link, through the balancer', async () => {
    const host = `shop-api.${alb.balancer.dnsName.split('.')[0]!.toLowerCase()}.us-east-1.convox.site`;
    const api = makeGroup(world, 'api');
    route(world, alb, [host], api, 2);
    runApp(world, { app: 'shop', service: 'api', groups: [api] });

    const reply = await getFrom({ proxies: { '/api': 'API_URL' }, environment: { API_URL: `https://${host}` } });

    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body)).toMatchObject({ service: 'api', generation: 2 });
  });

  it('answers 502 like nginx when the name behind the link is gone, or the variable is not set', async () => {
    const gone = await getFrom({
      proxies: { '/api': 'API_URL' },
      environment: { API_URL: 'http://gone.corp.example.com' },
    });

    expect(gone.status).toBe(502);
    expect(gone.headers['x-app']).toBe('shop');
    expect(gone.body).toContain('host not found');
  });

  it("runs in circles until the balancer refuses, when it passes the visitor's Host on", async () => {
    const host = `shop-api.${alb.balancer.dnsName.split('.')[0]!.toLowerCase()}.us-east-1.convox.site`;

    const reply = await getFrom({ proxies: { '/api': 'API_URL' }, environment: { API_URL: `http://${host}` } }, true);

    expect(reply.status).toBe(463);
  });
});
