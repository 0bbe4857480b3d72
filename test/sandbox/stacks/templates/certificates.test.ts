import { afterEach, expect, test } from 'vitest';

import {
  findReusableCertificate,
  validationDomainOf,
} from '../../../../src/sandbox/stacks/templates/reusable-certificate.ts';
import { stackWorld, type StackWorld } from '../stack-world.ts';

const RECENT = '20260421192651';
const worlds: StackWorld[] = [];

function newWorld(): StackWorld {
  const world = stackWorld();
  worlds.push(world);
  return world;
}
afterEach(() => {
  for (const world of worlds.splice(0)) world.clock.close();
});

test('a certificate that covers all domains of a service is taken, a wildcard for one label', () => {
  const world = newWorld();
  const { arn } = world.acm.issueNow(['shop.example.com', '*.example.org']);

  expect(findReusableCertificate(world, RECENT, ['shop.example.com', 'a.example.org'])).toBe(arn);
  expect(findReusableCertificate(world, RECENT, ['shop.example.com', 'a.b.example.org'])).toBeUndefined();
  expect(findReusableCertificate(world, RECENT, ['shop.example.com', 'www.example.com'])).toBeUndefined();
  expect(findReusableCertificate(world, RECENT, [])).toBeUndefined();
});

test('no certificate is reused before 20180518143010', () => {
  const world = newWorld();
  const { arn } = world.acm.issueNow(['shop.example.com']);

  expect(findReusableCertificate(world, '20180504181741', ['shop.example.com'])).toBeUndefined();
  expect(findReusableCertificate(world, '20180518143010', ['shop.example.com'])).toBe(arn);
});

test('the certificate of another app is never taken', () => {
  const world = newWorld();
  world.acm.issueNow(
    ['shop.example.com'],
    new Map([
      ['System', 'convox'],
      ['Type', 'app'],
    ]),
  );

  expect(findReusableCertificate(world, RECENT, ['shop.example.com'])).toBeUndefined();
});

test('one that waits for validation is taken by a few racks of 2018 only', () => {
  const world = newWorld();
  const { arn } = world.acm.request({ domainName: 'shop.example.com', names: ['shop.example.com'], method: 'EMAIL' });

  expect(findReusableCertificate(world, '20180518143010', ['shop.example.com'])).toBe(arn);
  expect(findReusableCertificate(world, '20180520153159', ['shop.example.com'])).toBeUndefined();
});

test('an expired one is taken until 20190529174125', () => {
  const world = newWorld();
  const certificate = world.acm.issueNow(['shop.example.com']);
  certificate.notAfter = world.clock.now() - 1;

  expect(findReusableCertificate(world, '20190521000000', ['shop.example.com'])).toBe(certificate.arn);
  expect(findReusableCertificate(world, '20190529174125', ['shop.example.com'])).toBeUndefined();
});

test('an ECDSA certificate is invisible to racks', () => {
  const world = newWorld();
  const { arn } = world.acm.issueNow(['shop.example.com']);
  world.acm.certificates.set(arn, { ...world.acm.certificates.get(arn)!, keyAlgorithm: 'EC_prime256v1' });

  expect(findReusableCertificate(world, RECENT, ['shop.example.com'])).toBeUndefined();
});

test('the mail goes to the nearest parent with an MX record, or to the name itself', async () => {
  const world = newWorld();
  const zone = world.route53.createZone({ name: 'example.com', isPrivate: false });
  const inside = world.route53.createZone({ name: 'example.net', isPrivate: true, vpcIds: ['vpc-1'] });
  const mx = (name: string) =>
    ({ action: 'CREATE', recordSet: { name, type: 'MX', ttl: 300, values: ['10 mail.example.com.'] } }) as const;
  world.route53.change(zone.id, [mx('example.com.')]);
  world.route53.change(inside.id, [mx('example.net.')]);
  await world.clock.delay(10 * 60_000);

  expect(validationDomainOf(world, 'www.shop.example.com')).toBe('example.com');
  expect(validationDomainOf(world, '*.example.com')).toBe('example.com');
  expect(validationDomainOf(world, 'www.example.net')).toBe('www.example.net');
});
