import { describe, expect, test } from 'vitest';

import type { ClassicBalancer } from '../../../../src/sandbox/model/load-balancing.ts';
import { classicBalancerName } from '../../../../src/sandbox/stacks/templates/classic-balancer-name.ts';
import { gen1AppTemplate } from '../../../../src/sandbox/stacks/templates/gen1-app.ts';
import { rackWorld, release, stackWorld, type StackWorld } from '../stack-world.ts';

interface Options {
  readonly manifest: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

async function deployed({ manifest, parameters = {}, environment = {} }: Options): Promise<StackWorld> {
  const world = await rackWorld();
  const given = new Map(Object.entries(parameters));
  const template = gen1AppTemplate(world, {
    app: 'shop',
    rackVersion: world.settings.rackVersion,
    parameters: given,
    release: release('R1', manifest, environment),
  });
  world.cloudFormation.createStack({ name: 'convox-shop', template, parameters: given });
  await world.cloudFormation.settled();
  return world;
}

function balancerOf(world: StackWorld, service: string): ClassicBalancer | undefined {
  return [...world.balancing.classic.values()].find(({ name }) => name.startsWith(`shop-${service}-`));
}

const web = (lines: string): string => `version: '2'\nservices:\n  web:\n    image: nginx\n${lines}`;

describe('the classic ELB of a service', () => {
  test('is internal as a whole when one port is a single number', async () => {
    const world = await deployed({ manifest: web('    ports: ["80:3000", "9000"]\n') });

    expect(balancerOf(world, 'web')).toMatchObject({ scheme: 'internal' });
    expect([...world.cloudFormation.find('convox-shop')!.resources.keys()]).toContain('BalancerWebInternal');
  });

  test('is internal in an internal app, and says so in its name', async () => {
    const world = await deployed({ manifest: web('    ports: ["80:3000"]\n'), parameters: { Internal: 'Yes' } });

    const balancer = balancerOf(world, 'web')!;
    expect(balancer.scheme).toBe('internal');
    expect(balancer.name).toMatch(/-n$/);
  });

  test.each([
    ['', '80:3000', '', { protocol: 'TCP', instanceProtocol: 'TCP' }],
    ['', '443:3000', 'arn:cert', { protocol: 'SSL', instanceProtocol: 'TCP' }],
    ['convox.port.80.protocol=http', '80:3000', '', { protocol: 'HTTP', instanceProtocol: 'HTTP' }],
    ['convox.port.443.protocol=https', '443:3000', 'arn:cert', { protocol: 'HTTPS', instanceProtocol: 'HTTP' }],
    ['convox.port.443.protocol=tls', '443:3000', 'arn:cert', { protocol: 'SSL', instanceProtocol: 'TCP' }],
  ])('with label "%s" on %s and certificate "%s" listens as %o', async (label, port, certificate, listener) => {
    const number = port.split(':')[0] ?? '';
    const world = await deployed({
      manifest: web(`    labels: [convox.start.shift=0${label === '' ? '' : `, ${label}`}]\n    ports: ["${port}"]\n`),
      parameters: { [`WebPort${number}Listener`]: `41000,${certificate}` },
    });

    expect(balancerOf(world, 'web')?.listeners).toEqual([
      {
        ...listener,
        port: Number(number),
        instancePort: 41_000,
        certificateArn: certificate === '' ? undefined : certificate,
      },
    ]);
  });

  test('uses TLS to the container when its label says secure', async () => {
    const labels = '    labels: [convox.port.443.protocol=https, convox.port.443.secure=true]\n';
    const world = await deployed({ manifest: web(`${labels}    ports: ["443:3000"]\n`) });

    expect(balancerOf(world, 'web')?.listeners[0]).toMatchObject({ protocol: 'HTTPS', instanceProtocol: 'HTTPS' });
    expect(balancerOf(world, 'web')?.healthCheck.protocol).toBe('SSL');
  });

  test('checks the TCP port, or a path with exactly 200; interval is the time-out and two more seconds', async () => {
    const tcp = await deployed({ manifest: web('    ports: ["80:3000"]\n') });
    const http = await deployed({
      manifest: web(
        '    labels: [convox.health.path=/check, convox.health.timeout=10, convox.health.threshold.healthy=3]\n    ports: ["80:3000"]\n',
      ),
    });

    expect(balancerOf(tcp, 'web')?.healthCheck).toMatchObject({
      protocol: 'TCP',
      intervalSeconds: 5,
      timeoutSeconds: 3,
      matcher: '',
    });
    expect(balancerOf(http, 'web')?.healthCheck).toEqual({
      protocol: 'HTTP',
      path: '/check',
      intervalSeconds: 12,
      timeoutSeconds: 10,
      healthyThreshold: 3,
      unhealthyThreshold: 2,
      matcher: '200',
    });
  });

  test('is not there for balancer=false, UDP, a count of -1; at -1 there is no ECS service either', async () => {
    const manifest = `
version: '2'
services:
  off:
    labels: [convox.balancer=false]
    ports: ["80:1"]
  udp:
    ports: ["514:514/udp"]
  gone:
    ports: ["81:1"]
  linked:
    links: [gone]
`;
    const world = await deployed({ manifest, parameters: { GoneFormation: '-1,128,256' } });

    const ids = [...world.cloudFormation.find('convox-shop')!.resources.keys()];
    expect(ids.filter((id) => id.startsWith('Balancer'))).toEqual([]);
    expect(ids).not.toContain('ServiceGone');
    expect(world.compute.of('shop', 'linked')?.taskDefinition.environment.get('GONE_HOST')).toBe('DISABLED');
  });

  test('can be an application balancer of its own', async () => {
    const world = await deployed({
      manifest: web('    ports: ["80:3000"]\n'),
      parameters: { BalancerWebType: 'ALB' },
    });

    const stack = world.cloudFormation.find('convox-shop')!;
    const balancer = world.balancing.loadBalancers.get(stack.resources.get('BalancerWebALB')!.physicalId)!;
    expect(world.balancing.classic.has(balancer.name)).toBe(false);
    expect(stack.outputs.find(({ key }) => key === 'BalancerWebHost')?.value).toBe(balancer.dnsName);
    expect(balancer.tags.has('Rack')).toBe(false);
    expect(world.compute.of('shop', 'web')?.targetGroupArns).toEqual([
      stack.resources.get('BalancerWebTargetGroup')!.physicalId,
    ]);
  });
});

test('a timeout label out of range is refused when the release is promoted', () => {
  const world = stackWorld();
  const manifest = web('    labels: [convox.idle.timeout=3601]\n    ports: ["80:3000"]\n');
  const request = {
    app: 'shop',
    rackVersion: '20171213132441',
    parameters: new Map(),
    release: release('R1', manifest),
  };

  expect(() => gen1AppTemplate(world, request)).toThrow('convox.idle.timeout must be between 1 and 3600');
});

test('names of balancers are cut to 32 characters and differ by rack, app and service', () => {
  const owner = {
    rack: 'convox',
    app: 'a-rather-long-app',
    service: 'a-long-service',
    isInternal: true,
    isInternalApp: true,
  };

  const name = classicBalancerName(owner);

  expect(name).toMatch(/^a-rather-long-app-a-lo-[A-Z2-7]{7}-i-n$/);
  expect(classicBalancerName({ ...owner, isInternalApp: false })).toHaveLength(32);
  expect(classicBalancerName({ ...owner, rack: 'other' })).not.toBe(name);
});

test('link variables follow what the linked service says of itself', async () => {
  const manifest = `
version: '2'
services:
  web:
    image: nginx
    links: [my-db]
  my-db:
    image: postgres
    environment: [LINK_SCHEME=postgres, LINK_USERNAME=me, LINK_PASSWORD=pw, LINK_PATH=/app]
    ports: [5432]
`;
  const world = await deployed({ manifest });

  const { environment } = world.compute.of('shop', 'web')!.taskDefinition;
  const host = balancerOf(world, 'my-db')!.dnsName;
  expect(environment.get('MY_DB_URL')).toBe(`postgres://me:pw@${host}:5432/app`);
  expect(environment.get('MY_DB_HOST')).toBe(host);
  expect(environment.get('MY_DB_PORT')).toBe('5432');
});

test('the app wins over the manifest, empty defaults are not set, and a secure service sees none of it', async () => {
  const manifest = `
version: '2'
services:
  web:
    image: nginx
    environment: [A=default, B=, C=kept, D]
  safe:
    image: nginx
    labels: [convox.environment.secure=true]
`;
  const world = await deployed({ manifest, environment: { A: 'app', EXTRA: 'x=y' } });

  const open = world.compute.of('shop', 'web')!.taskDefinition.environment;
  const safe = world.compute.of('shop', 'safe')!.taskDefinition.environment;
  expect(Object.fromEntries(open)).toEqual({
    APP: 'shop',
    RACK: 'convox',
    AWS_REGION: 'us-east-1',
    PROCESS: 'web',
    RELEASE: 'R1',
    A: 'app',
    C: 'kept',
    EXTRA: 'x=y',
  });
  expect(safe.has('EXTRA')).toBe(false);
  expect(safe.get('SECURE_ENVIRONMENT_TYPE')).toBe('envfile');
});

test('promoting a release restarts the services that it changes and keeps the balancers', async () => {
  const world = await deployed({ manifest: web('    ports: ["80:3000"]\n') });
  const before = balancerOf(world, 'web')!.dnsName;
  world.compute.log.length = 0;

  world.cloudFormation.updateStack(
    'convox-shop',
    gen1AppTemplate(world, {
      app: 'shop',
      rackVersion: world.settings.rackVersion,
      parameters: new Map(),
      release: release('R2', web('    ports: ["80:3000"]\n')),
    }),
    new Map(),
  );
  const shown = world.cloudFormation.find('convox-shop')!.parameters.get('Release');
  await world.cloudFormation.settled();

  expect(shown).toBe('R2');
  expect(world.compute.log).toEqual(['update web']);
  expect(balancerOf(world, 'web')?.dnsName).toBe(before);
});
