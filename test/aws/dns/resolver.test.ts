import type { Answer } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { askServers, waitForServers } from '../../../src/aws/dns/propagation.ts';
import { dnsResolver } from '../../../src/aws/dns/resolver.ts';
import { startDnsServer, type DnsServer } from '../support/dns-server.ts';
import { signal, SteppingClock } from '../support/signal.ts';

const answers: Readonly<Record<string, readonly Answer[] | 'silent' | 'broken'>> = {
  'A lb.test': [
    { type: 'A', name: 'lb.test', ttl: 60, data: '192.0.2.1' },
    { type: 'A', name: 'lb.test', ttl: 60, data: '192.0.2.2' },
  ],
  'AAAA lb.test': [{ type: 'AAAA', name: 'lb.test', ttl: 30, data: '2001:db8::1' }],
  'CNAME www.test': [{ type: 'CNAME', name: 'www.test', ttl: 300, data: 'LB.test' }],
  'NS test': [
    { type: 'NS', name: 'test', data: 'ns2.test' },
    { type: 'NS', name: 'test', data: 'ns1.test' },
  ],
  'MX test': [{ type: 'MX', name: 'test', data: { preference: 1, exchange: 'mx.test' } }],
  'CAA test': [
    { type: 'CAA', name: 'test', data: { flags: 0, tag: 'issue', value: 'amazon.com', issuerCritical: false } },
    { type: 'CAA', name: 'test', data: { flags: 0, tag: 'issuewild', value: ';', issuerCritical: false } },
    { type: 'CAA', name: 'test', data: { flags: 0, tag: 'iodef', value: 'mailto:a@test', issuerCritical: false } },
  ],
  'A broken.test': 'broken',
  'A silent.test': 'silent',
};

let servers: DnsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

async function start(more: typeof answers = {}): Promise<DnsServer> {
  const server = await startDnsServer((question) => ({ ...answers, ...more })[question]);
  servers.push(server);
  return server;
}

describe('dnsResolver', () => {
  it('asks for every kind of record we need', async () => {
    const resolver = dnsResolver({ servers: [(await start()).address] });

    expect(await resolver.addresses('LB.test.', 4, signal)).toEqual([
      { address: '192.0.2.1', ttlSeconds: 60 },
      { address: '192.0.2.2', ttlSeconds: 60 },
    ]);
    expect(await resolver.addresses('lb.test', 6, signal)).toEqual([{ address: '2001:db8::1', ttlSeconds: 30 }]);
    expect(await resolver.findCname('www.test', signal)).toBe('lb.test');
    expect(await resolver.nameServers('test', signal)).toEqual(['ns1.test', 'ns2.test']);
    expect(await resolver.mailServers('test', signal)).toEqual(['mx.test']);
    expect((await resolver.caa('test', signal)).map(({ tag }) => tag)).toEqual(['issue', 'issuewild', 'other']);
  });

  it('takes “there is none” for an answer', async () => {
    const resolver = dnsResolver({ servers: [(await start()).address] });

    expect(await resolver.addresses('none.test', 4, signal)).toEqual([]);
    expect(await resolver.findCname('none.test', signal)).toBeUndefined();
  });

  it.each(['broken.test', 'silent.test'])('says that a server gives no answer: %s', async (name) => {
    const resolver = dnsResolver({ servers: [(await start()).address], timeoutMs: 100, tries: 1 });

    await expect(resolver.addresses(name, 4, signal)).rejects.toMatchObject({
      code: 'DNS_UNREACHABLE',
      retryable: true,
    });
  });

  it('stops a question under way', async () => {
    const controller = new AbortController();
    const server = await startDnsServer(() => {
      controller.abort();
      return 'silent';
    });
    servers.push(server);
    const resolver = dnsResolver({ servers: [server.address] });

    await expect(resolver.addresses('x.test', 4, controller.signal)).rejects.toMatchObject({ code: 'STOPPED' });
  });
});

describe('propagation', () => {
  const shopIs = (address: string): typeof answers => ({
    'A shop.test': [{ type: 'A', name: 'shop.test', ttl: 60, data: address }],
  });

  it('asks each server alone, by name or address, and accepts any address of the balancer', async () => {
    const done = await start({
      ...shopIs('192.0.2.2'),
      'A ns1.test': [{ type: 'A', name: 'ns1.test', data: '127.0.0.2' }],
    });
    const late = await start(shopIs('198.51.100.9'));
    const resolver = dnsResolver({ servers: [done.address] });
    const resolverFor = (address: string) =>
      dnsResolver({ servers: [address === '127.0.0.2' ? done.address : late.address] });
    const expected = { name: 'shop.test', balancerDnsName: 'lb.test', resolver, resolverFor };

    const seen = await askServers({ ...expected, servers: ['ns1.test', '127.0.0.3', 'a1.de'] }, signal);

    expect(seen).toEqual([
      { server: 'ns1.test', agrees: true, saw: '192.0.2.2', ttlSeconds: 60 },
      { server: '127.0.0.3', agrees: false, saw: '198.51.100.9', ttlSeconds: 60 },
      { server: 'a1.de', agrees: false, saw: 'the server has no address', ttlSeconds: 0 },
    ]);
  });

  it('takes the right CNAME for the balancer, the old one not', async () => {
    const server = await start({ 'CNAME old.test': [{ type: 'CNAME', name: 'old.test', data: 'elb.test' }] });
    const resolver = dnsResolver({ servers: [server.address] });
    const common = { balancerDnsName: 'lb.test', servers: [server.address], resolver, resolverFor: () => resolver };

    expect(await askServers({ ...common, name: 'www.test' }, signal)).toMatchObject([
      { agrees: true, saw: 'CNAME lb.test' },
    ]);
    expect(await askServers({ ...common, name: 'old.test' }, signal)).toMatchObject([
      { agrees: false, saw: 'CNAME elb.test' },
    ]);
  });

  it('goes on waiting while a server answers with the old address or not at all', async () => {
    let looks = 0;
    const server = await startDnsServer((question) => {
      if (question !== 'A shop.test') return answers[question];
      looks += 1;
      if (looks === 1) return 'broken';
      return [{ type: 'A', name: 'shop.test', ttl: 60, data: looks === 2 ? '198.51.100.9' : '192.0.2.1' }];
    });
    servers.push(server);
    const resolver = dnsResolver({ servers: [server.address], tries: 1, timeoutMs: 500 });
    const options = {
      name: 'shop.test',
      balancerDnsName: 'lb.test',
      servers: [server.address],
      resolver,
      resolverFor: () => resolver,
    };

    const seen = await waitForServers(
      { ...options, who: 'resolvers', clock: new SteppingClock(), timeoutMs: 60_000 },
      signal,
    );

    expect(seen).toMatchObject([{ agrees: true }]);
    expect(looks).toBeGreaterThanOrEqual(3);
  });

  it('says at the limit which server answers what', async () => {
    const server = await start(shopIs('198.51.100.9'));
    const resolver = dnsResolver({ servers: [server.address] });
    const options = {
      name: 'shop.test',
      balancerDnsName: 'lb.test',
      servers: [server.address],
      resolver,
      resolverFor: () => resolver,
    };

    const wait = waitForServers(
      { ...options, who: 'public resolvers', clock: new SteppingClock(), timeoutMs: 20_000 },
      signal,
    );

    await expect(wait).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('198.51.100.9') as string,
    });
  });
});
