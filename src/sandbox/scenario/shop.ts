import type { Certificate } from '../model/certificates.ts';
import type { ClassicBalancer } from '../model/load-balancing.ts';
import type { Api } from '../rack-api/api.ts';
import { installResource } from '../rack-api/resources.ts';
import { hostPortOf } from '../stacks/templates/gen1-balancer.ts';
import type { RecordChange, World } from '../world.ts';
import { installApp } from './install-app.ts';
import { shopEnvironment } from './shop-environment.ts';
import { SHOP_FILES } from './shop-source.ts';

/** The app that is migrated, and the names its visitors use. */
export const SHOP = {
  app: 'shop',
  resource: 'logs',
  publicZone: 'example.com',
  privateZone: 'corp.example.com',
  domains: ['shop.example.com', 'www.shop.example.com'],
  internalName: 'api.corp.example.com',
} as const;

/** A generation-2 app that has nothing to do with it, with rules of its own on the rack's balancer. */
export const BYSTANDER = { app: 'other', domain: 'other.example.org', zone: 'example.org' } as const;

const BYSTANDER_FILES: ReadonlyMap<string, string> = new Map([
  [
    'convox.yml',
    `services:\n  web:\n    build: .\n    port: 3000\n    health: /\n    domain: ${BYSTANDER.domain}\n    environment:\n      - GREETING=hello\n`,
  ],
  ['Dockerfile', 'FROM httpd\n'],
  ['program.json', '{ "bootSeconds": 3 }\n'],
]);

/** Installs both apps; the rack's stack must have settled. */
export function installShop(api: Api): void {
  const { world } = api;
  const certificate = serverCertificate(world, SHOP.domains);
  const listener = `${hostPortOf(SHOP.app, 'web', 443)},${certificate.arn}`;
  installApp(api, {
    name: SHOP.app,
    generation: '1',
    files: SHOP_FILES,
    environment: shopEnvironment(world.random),
    parameters: new Map([
      ['WebFormation', '2,128,256'],
      ['ApiFormation', '2,128,256'],
      ['WebPort443Listener', listener],
    ]),
  });
  installApp(api, {
    name: BYSTANDER.app,
    generation: '2',
    files: BYSTANDER_FILES,
    environment: new Map([['GREETING', 'hello']]),
    parameters: new Map(),
  });
}

/** The log drain `logs`, linked to shop; needs the app. */
export function installShopResource(api: Api): void {
  installResource(api, {
    name: SHOP.resource,
    type: 'syslog',
    parameters: new Map([['Url', 'tcp+tls://logs.example.net:6514']]),
    apps: [SHOP.app],
    isInstant: true,
  });
}

/** An uploaded certificate, as gen-1 apps of the time have: in IAM, so no later rack ever reuses it. */
function serverCertificate(world: World, names: readonly string[]): Certificate {
  const issued = world.acm.issueNow(names);
  world.acm.certificates.delete(issued.arn);
  const name = `cert-${world.settings.rackName}-${world.random.digits(10)}-shop`;
  const arn = `arn:aws:iam::${world.settings.accountId}:server-certificate/${name}`;
  const certificate: Certificate = { ...issued, arn, type: 'IMPORTED' };
  world.serverCertificates?.set(arn, certificate);
  return certificate;
}

const create = (recordSet: RecordChange['recordSet']): RecordChange => ({ action: 'CREATE', recordSet });

/** The zones, with mail and records that nobody may touch. Before the apps: where mail goes is decided by MX records. */
export function installShopZones(world: World): void {
  const { route53, settings } = world;
  const shop = route53.createZone({ name: SHOP.publicZone, isPrivate: false, comment: 'the shop' });
  const weighted = { name: 'eu.example.com.', type: 'A', ttl: 60 };
  route53.change(shop.id, [
    create({ name: 'example.com.', type: 'MX', ttl: 3600, values: ['10 mail.example.com.'] }),
    create({ name: 'example.com.', type: 'TXT', ttl: 3600, values: ['"v=spf1 include:mail.example.com -all"'] }),
    create({ name: 'mail.example.com.', type: 'A', ttl: 3600, values: ['198.51.100.25'] }),
    create({ name: 'blog.example.com.', type: 'A', ttl: 300, values: ['198.51.100.80'] }),
    create({ name: 'status.example.com.', type: 'CNAME', ttl: 300, values: ['status.example.net.'] }),
    create({ name: '*.dev.example.com.', type: 'CNAME', ttl: 60, values: ['dev.example.net.'] }),
    create({ ...weighted, setIdentifier: 'blue', weight: 90, values: ['198.51.100.90'] }),
    create({ ...weighted, setIdentifier: 'green', weight: 10, values: ['198.51.100.91'] }),
  ]);
  const corp = route53.createZone({ name: SHOP.privateZone, isPrivate: true, vpcIds: [settings.vpcId] });
  route53.change(corp.id, [create({ name: 'db.corp.example.com.', type: 'A', ttl: 60, values: ['10.0.9.5'] })]);
  const elsewhere = route53.createZone({ name: BYSTANDER.zone, isPrivate: false });
  route53.change(elsewhere.id, [
    create({ name: 'example.org.', type: 'MX', ttl: 3600, values: ['10 mail.example.org.'] }),
  ]);
}

const WWW_TTL = 300;
const INTERNAL_TTL = 60;

/** The names of the apps, pointing at their balancers, in every form the scenario has. */
export function installShopRecords(api: Api): void {
  const { route53 } = api.world;
  const web = balancerOf(api, 'BalancerWebHost');
  const internal = balancerOf(api, 'BalancerApiHost');
  const alias = {
    hostedZoneId: web.canonicalHostedZoneId,
    dnsName: `dualstack.${web.dnsName.toLowerCase()}.`,
    evaluateTargetHealth: false,
  };
  route53.change(zoneOf(api.world, SHOP.publicZone), [
    create({ name: 'shop.example.com.', type: 'A', alias }),
    create({ name: 'shop.example.com.', type: 'AAAA', alias }),
    create({ name: 'www.shop.example.com.', type: 'CNAME', ttl: WWW_TTL, values: [web.dnsName] }),
  ]);
  route53.change(zoneOf(api.world, SHOP.privateZone), [
    create({ name: `${SHOP.internalName}.`, type: 'CNAME', ttl: INTERNAL_TTL, values: [internal.dnsName] }),
  ]);
  const router = api.rackStack().outputs.get('Domain') ?? '';
  route53.change(zoneOf(api.world, BYSTANDER.zone), [
    create({ name: `${BYSTANDER.domain}.`, type: 'CNAME', ttl: WWW_TTL, values: [router] }),
  ]);
}

function zoneOf({ route53 }: World, name: string): string {
  const zone = [...route53.zones.values()].find((each) => each.name === `${name}.`);
  if (zone === undefined) throw new Error(`sandbox: no zone ${name}`);
  return zone.id;
}

function balancerOf(api: Api, output: string): ClassicBalancer {
  const host = api.findApp(SHOP.app)?.outputs.get(output);
  const balancer = [...api.world.balancing.classic.values()].find(({ dnsName }) => dnsName === host);
  if (balancer === undefined) throw new Error(`sandbox: shop has no balancer for ${output}`);
  return balancer;
}
