import { expect, test } from 'vitest';

import { gen1AppTemplate } from '../../../../src/sandbox/stacks/templates/gen1-app.ts';
import { gen2AppTemplate } from '../../../../src/sandbox/stacks/templates/gen2-app.ts';
import { appTags, rackWorld, release, type StackWorld } from '../stack-world.ts';

const GEN1 = `
version: '2'
services:
  web:
    build: .
    labels:
      - convox.port.443.protocol=https
      - convox.port.80.protocol=http
      - convox.draining.timeout=20
      - convox.cron.nightly=0 3 * * ? bin/nightly
    environment: [GREETING=hello]
    links: [api]
    ports: ["80:5000", "443:5000"]
  api:
    build: ./api
    ports: ["80"]
  worker:
    build: ./worker
`;

const GEN2 = `
services:
  web:
    build: .
    domain: \${DOMAINS}
    health: /check
    links: [api]
    environment: [SECRET, "LOG=info"]
    port: 5000
    scale: 2
  api:
    build: ./api
    internal: true
    port: 80
  worker:
    build: ./worker
timers:
  nightly:
    schedule: 0 3 * * ?
    command: bin/nightly
    service: worker
`;

async function createGen2(world: StackWorld, app: string, environment: Record<string, string>): Promise<string> {
  const request = {
    app,
    rackVersion: world.settings.rackVersion,
    release: release('R1', GEN2, environment),
    parameters: new Map<string, string>(),
  };
  const arn = world.cloudFormation.createStack({
    name: `convox-${app}`,
    template: gen2AppTemplate(world, request),
    parameters: new Map(),
    tags: appTags(app, 2),
  });
  await world.cloudFormation.settled();
  return arn;
}

test('a gen-1 app gets one classic ELB for each service with TCP ports, named and put as its manifest says', async () => {
  const world = await rackWorld();

  world.cloudFormation.createStack({
    name: 'convox-shop',
    template: gen1AppTemplate(world, {
      app: 'shop',
      rackVersion: world.settings.rackVersion,
      release: release('R1', GEN1, { TOKEN: 'abc' }),
      parameters: new Map([['WebPort443Listener', '41235,arn:aws:acm:us-east-1:123456789012:certificate/x']]),
    }),
    parameters: new Map([['WebPort443Listener', '41235,arn:aws:acm:us-east-1:123456789012:certificate/x']]),
    tags: appTags('shop', 1),
  });
  await world.cloudFormation.settled();

  const stack = world.cloudFormation.find('convox-shop')!;
  expect(stack.status).toBe('CREATE_COMPLETE');
  const web = world.balancing.classic.get(stack.resources.get('BalancerWeb')!.physicalId)!;
  const api = world.balancing.classic.get(stack.resources.get('BalancerApiInternal')!.physicalId)!;
  expect(web).toMatchObject({ scheme: 'internet-facing', drainingSeconds: 20, idleSeconds: 3600 });
  expect(web.name).toMatch(/^shop-web-[A-Z2-7]{7}$/);
  expect(web.listeners.map(({ port, protocol }) => [port, protocol])).toEqual([
    [80, 'HTTP'],
    [443, 'HTTPS'],
  ]);
  expect(api).toMatchObject({ scheme: 'internal', healthCheck: { protocol: 'TCP', intervalSeconds: 5 } });
  expect(api.name).toMatch(/^shop-api-[A-Z2-7]{7}-i$/);
  expect(api.dnsName).toMatch(/^internal-/);
  expect(stack.outputs.find(({ key }) => key === 'BalancerWebHost')?.value).toBe(web.dnsName);
  expect(stack.parameters.get('Release')).toBe('R1');
  expect(stack.parameters.get('WebFormation')).toBe('1,128,256');
  expect(web.tags.get('aws:cloudformation:logical-id')).toBe('BalancerWeb');
  expect(web.tags.get('Generation')).toBe('1');
});

test('a gen-1 service sees every variable of the app and those of its links', async () => {
  const world = await rackWorld();

  world.cloudFormation.createStack({
    name: 'convox-shop',
    template: gen1AppTemplate(world, {
      app: 'shop',
      rackVersion: world.settings.rackVersion,
      release: release('R1', GEN1, { TOKEN: 'a=b', GREETING: 'changed' }),
      parameters: new Map(),
    }),
    parameters: new Map(),
  });
  await world.cloudFormation.settled();

  const { environment, generation, port } = world.compute.of('shop', 'web')!.taskDefinition;
  const api = [...world.balancing.classic.values()].find(({ name }) => name.startsWith('shop-api'))!;
  expect(generation).toBe(1);
  expect(port).toBe(5000);
  expect(environment.get('TOKEN')).toBe('a=b');
  expect(environment.get('GREETING')).toBe('changed');
  expect(environment.get('API_URL')).toBe(`tcp://${api.dnsName}:80`);
  expect(environment.get('PROCESS')).toBe('web');
  expect(environment.get('RELEASE')).toBe('R1');
});

test('a gen-2 app of 2017 is one stack: certificate by mail, rules on both listeners, exactly 200 as health', async () => {
  const world = await rackWorld({ parameters: { Internal: 'Yes' } });
  const zone = world.route53.createZone({ name: 'example.com.', isPrivate: false });
  world.route53.change(zone.id, [
    {
      action: 'CREATE',
      recordSet: { name: 'example.com.', type: 'MX', ttl: 300, values: ['10 mail.example.com'] },
    },
  ]);
  await world.clock.delay(10 * 60_000); // until the world sees the record: mail to a domain without MX is lost
  const watch = setInterval(() => {
    for (const mail of world.acm.mails) if (mail.approvedAt === undefined) world.acm.approve(mail.id);
  }, 5);

  await createGen2(world, 'shop', { DOMAINS: 'shop.example.com,www.example.com', SECRET: 's', UNLISTED: 'u' });
  clearInterval(watch);

  const stack = world.cloudFormation.find('convox-shop')!;
  expect(stack.status).toBe('CREATE_COMPLETE');
  expect([...stack.resources.keys()]).toEqual(
    expect.arrayContaining([
      'BalancerWebListenerRule80',
      'BalancerWebListenerRule443',
      'BalancerWebListenerRule80Domain1',
      'BalancerWebListenerRule443Domain0',
      'BalancerWebCertificate',
      'BalancerWebListenerCertificate',
      'BalancerWebTargetGroup',
      'BalancerApiTargetGroupInternal',
      'ServiceWebService',
      'ServiceWebTasks',
      'NightlyTimer',
    ]),
  );
  const rule = world.balancing.findRule(stack.resources.get('BalancerWebListenerRule443')!.physicalId)!;
  expect(rule.priority).toBe(2369);
  const domain = world.balancing.findRule(stack.resources.get('BalancerWebListenerRule443Domain0')!.physicalId)!;
  expect(domain).toMatchObject({ priority: 18392, hosts: ['shop.example.com'] });
  const group = world.balancing.targetGroups.get(stack.resources.get('BalancerWebTargetGroup')!.physicalId)!;
  expect(group.healthCheck).toMatchObject({ matcher: '200', path: '/check', healthyThreshold: 5 });
  const certificate = world.acm.certificates.get(stack.resources.get('BalancerWebCertificate')!.physicalId)!;
  expect(certificate.validations.map(({ validationDomain }) => validationDomain)).toEqual([
    'example.com',
    'example.com',
  ]);
  expect(certificate.tags.get('Type')).toBe('app');
  expect(certificate.tags.get('aws:cloudformation:stack-name')).toBe('convox-shop');
  expect(stack.outputs.find(({ key }) => key === 'Release')?.value).toBe('R1');
  expect(stack.outputs.find(({ key }) => key === 'ServiceWebEndpoint')?.value).toMatch(
    /^shop-web\.convox-Router-.*\.convox\.site$/,
  );
  const { environment } = world.compute.of('shop', 'web')!.taskDefinition;
  expect(environment.get('SECRET')).toBe('s');
  expect(environment.has('UNLISTED')).toBe(false);
  expect(environment.get('LOG')).toBe('info');
  expect(environment.get('API_URL')).toMatch(/^https:\/\/shop-api\.internal-convox-rti-\d+\.us-east-1\.convox\.site$/);
});

test('a gen-2 app of a later rack has a stack for each service, no rules on 80, and waits for the rule before its tasks', async () => {
  const world = await rackWorld({ version: '20260421192651', parameters: { Internal: 'Yes' } });
  const certificate = world.acm.issueNow(['shop.example.com']);

  await createGen2(world, 'shop', { DOMAINS: 'shop.example.com', SECRET: 's' });

  const stack = world.cloudFormation.find('convox-shop')!;
  expect(stack.status).toBe('CREATE_COMPLETE');
  const nested = world.cloudFormation.find(stack.resources.get('ServiceWeb')!.physicalId)!;
  expect(nested.name).toMatch(/^convox-shop-ServiceWeb-[A-Z0-9]+$/);
  expect(nested.parentArn).toBe(stack.arn);
  expect(Object.fromEntries(nested.tags)).toMatchObject({
    Type: 'service',
    App: 'shop',
    Name: 'web',
    System: 'convox',
  });
  expect([...nested.resources.keys()].toSorted()).toEqual([
    'BalancerListenerCertificate',
    'BalancerListenerRule443',
    'BalancerListenerRule443Domain0',
    'BalancerListenerRule443Internal',
    'BalancerTargetGroup',
    'RecordSetInternal',
    'Service',
    'Tasks',
  ]);
  expect(world.balancing.findRule(nested.resources.get('BalancerListenerRule443')!.physicalId)?.priority).toBe(13481);
  expect(nested.outputs.find(({ key }) => key === 'Certificate')?.value).toBe(certificate.arn);
  const times = nested.events.map(({ logicalId, status }) => `${logicalId} ${status}`);
  expect(times.indexOf('BalancerListenerRule443Domain0 CREATE_COMPLETE')).toBeLessThan(
    times.indexOf('Service CREATE_IN_PROGRESS'),
  );
  expect(world.acm.mails).toEqual([]);
});
