import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { checkHealthPath } from '../../src/aws/check-health-path.ts';
import { compareEndpoints } from '../../src/aws/compare-endpoints.ts';
import { probe } from '../../src/aws/http-probe.ts';
import { publicNetwork } from '../../src/aws/network.ts';
import { verifyEndpoint, type VerifyEndpointOptions } from '../../src/aws/verify-endpoint.ts';
import { fakeResolver } from './support/fake-resolver.ts';
import { startLocalBalancer, type LocalBalancer, type LocalBalancerOptions } from './support/local-balancer.ts';
import { signal } from './support/signal.ts';

const HOST = 'shop.example.com';
const attached = { [HOST]: [HOST, 'www.example.com'] };

let balancers: LocalBalancer[] = [];
afterEach(async () => {
  await Promise.all(balancers.map((balancer) => balancer.close()));
  balancers = [];
});

async function start(options: LocalBalancerOptions): Promise<LocalBalancer> {
  const balancer = await startLocalBalancer(options);
  balancers.push(balancer);
  return balancer;
}

const reply =
  (status: number, body = '', headers: Readonly<Record<string, string>> = {}) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    response.writeHead(status, { connection: 'close', ...headers });
    response.end(body);
  };

async function verify(options: LocalBalancerOptions, more: Partial<VerifyEndpointOptions> = {}) {
  const { network } = await start(options);
  return verifyEndpoint({ balancerDnsName: 'lb', host: HOST, path: '/health', network, ...more }, signal);
}

describe('verifyEndpoint', () => {
  it('is content with a trusted certificate for the host and exactly 200, and tells of the redirect on port 80', async () => {
    const seen: string[] = [];
    const report = await verify({
      certificates: attached,
      answer: (request, response) => {
        seen.push(`${request.headers.host ?? ''}${request.url ?? ''}`);
        reply(200, 'ok')(request, response);
      },
      answerPlain: reply(301, '', { location: `https://${HOST}:443/health` }),
    });

    expect(report).toMatchObject({
      verdict: 'serves',
      plainHttp: 'redirect',
      certificate: { isForName: true, names: [HOST, 'www.example.com'], chainLength: 2 },
      answer: { status: 200, bodyStart: 'ok', bodyBytes: 2 },
    });
    expect(report.certificate).not.toHaveProperty('distrust');
    expect(seen).toEqual([`${HOST}/health`]);
  });

  it('knows a rack’s own certificate for “the app’s is not attached yet”', async () => {
    const report = await verify({ answer: reply(200, 'ok') });

    expect(report).toMatchObject({
      verdict: 'certificate',
      says: expect.stringContaining('not attached yet') as string,
    });
  });

  it('refuses a certificate for another name', async () => {
    const report = await verify({ certificates: { [HOST]: ['other.example.com'] }, answer: reply(200) });

    expect(report).toMatchObject({
      verdict: 'certificate',
      says: expect.stringContaining('other.example.com') as string,
    });
  });

  it('refuses a certificate nobody trusts', async () => {
    const { network } = await start({ certificates: attached, answer: reply(200) });
    const { lookup, port } = network;

    const report = await verifyEndpoint({ balancerDnsName: 'lb', host: HOST, network: { lookup, port } }, signal);

    expect(report).toMatchObject({ verdict: 'certificate', says: expect.stringContaining('not trusted') as string });
  });

  it.each([
    ['a fixed 404 since 20190307224522', reply(404, 'unknown host')],
    [
      'the Rack API’s 401, with its realm, before',
      reply(401, 'Unable to authenticate.', { 'www-authenticate': 'Basic realm="Convox System"' }),
    ],
    ['the Rack API’s 401 of newer versions', reply(401, 'invalid authentication\n')],
    ['the default target’s 503 under the rack’s certificate', reply(503, '', { server: 'awselb/2.0' })],
  ])('recognises “no rule for this host” by %s', async (_, answer) => {
    expect(await verify({ answer })).toMatchObject({ verdict: 'no-rule' });
  });

  it('does not take the app’s own 404 or 401 for “no rule”', async () => {
    expect(await verify({ certificates: attached, answer: reply(404, 'no such page') })).toMatchObject({
      verdict: 'wrong-status',
    });
    expect(
      await verify({
        certificates: attached,
        answer: reply(401, 'log in', { 'www-authenticate': 'Basic realm="shop"' }),
      }),
    ).toMatchObject({
      verdict: 'wrong-status',
    });
  });

  it('knows the balancer’s 503 for “a rule without targets”, and the app’s own for what it is', async () => {
    const own = await verify({ certificates: attached, answer: reply(503, '', { server: 'awselb/2.0' }) });
    const apps = await verify({ certificates: attached, answer: reply(503, '', { server: 'nginx' }) });

    expect([own.verdict, apps.verdict]).toEqual(['no-targets', 'wrong-status']);
  });

  it('follows no redirect and says where it leads', async () => {
    const report = await verify({ certificates: attached, answer: reply(302, '', { location: '/login' }) });

    expect(report).toMatchObject({ verdict: 'wrong-status', says: expect.stringContaining('to /login') as string });
  });

  it('takes the codes newer racks take when told so', async () => {
    const report = await verify({ certificates: attached, answer: reply(302) }, { accepts: (status) => status < 400 });

    expect(report.verdict).toBe('serves');
  });

  it('asks a service without certificate on port 80 alone', async () => {
    const report = await verify({ answer: reply(200) }, { isPlainHttp: true });

    expect(report).toMatchObject({ verdict: 'serves' });
    expect(report).not.toHaveProperty('certificate');
  });

  it('says that a balancer cannot be reached', async () => {
    const { network } = await start({ answer: reply(200) });
    const gone = { ...network, port: () => 1 };

    expect(await verifyEndpoint({ balancerDnsName: 'lb', host: HOST, network: gone }, signal)).toMatchObject({
      verdict: 'unreachable',
    });
    expect(await verifyEndpoint({ balancerDnsName: 'nowhere', host: HOST, network }, signal)).toMatchObject({
      verdict: 'unreachable',
    });
  });
});

describe('probe', () => {
  it('gives up after its limit', async () => {
    const { network } = await start({ answer: () => undefined });

    const answer = await probe(
      { scheme: 'http', address: '127.0.0.1', port: network.port(80), host: HOST, timeoutMs: 50 },
      signal,
    );

    expect(answer).toMatchObject({ kind: 'unreachable', reason: 'no answer within 50 ms' });
  });

  it('stops when told to', async () => {
    const controller = new AbortController();
    const { network } = await start({ answer: () => controller.abort() });

    const asked = probe(
      { scheme: 'http', address: '127.0.0.1', port: network.port(80), host: HOST },
      controller.signal,
    );

    await expect(asked).rejects.toMatchObject({ code: 'STOPPED' });
    await expect(
      probe({ scheme: 'http', address: '127.0.0.1', port: 1, host: HOST }, controller.signal),
    ).rejects.toMatchObject({ code: 'STOPPED' });
  });
});

describe('checkHealthPath', () => {
  it('asks the running old app as the balancer will: an address as Host, no redirect', async () => {
    let host = '';
    const { network } = await start({
      answer: (request, response) => {
        host = request.headers.host ?? '';
        reply(200)(request, response);
      },
    });

    const report = await checkHealthPath({ balancerDnsName: 'lb', port: 443, path: '/health', network }, signal);

    expect(report).toMatchObject({ isStrictlyHealthy: true, status: 200 });
    expect(host).toBe('10.0.0.1');
  });

  it.each([
    [301, { location: 'https://shop.example.com/' }, /301 to https:\/\/shop/],
    [400, {}, /refuse hosts/],
    [204, {}, /204/],
  ])('is not content with %i', async (status, headers, says) => {
    const { network } = await start({ answer: reply(status, '', headers) });

    const report = await checkHealthPath({ balancerDnsName: 'lb', port: 80, path: '/', network }, signal);

    expect(report).toMatchObject({ isStrictlyHealthy: false, status });
    expect(report.says).toMatch(says);
  });

  it('says that nothing answers', async () => {
    const { network } = await start({ answer: reply(200) });

    expect(await checkHealthPath({ balancerDnsName: 'nowhere', port: 80, path: '/', network }, signal)).toMatchObject({
      isStrictlyHealthy: false,
    });
    expect(
      await checkHealthPath(
        { balancerDnsName: 'lb', port: 80, path: '/', network: { ...network, port: () => 1 } },
        signal,
      ),
    ).not.toHaveProperty('status');
  });
});

describe('compareEndpoints', () => {
  it('tells in what old and new differ: status, headers, body', async () => {
    const before = await start({
      certificates: attached,
      answer: reply(200, 'hello', { 'content-type': 'text/html' }),
    });
    const after = await start({
      certificates: attached,
      answer: reply(200, 'goodbye', { 'content-type': 'text/plain' }),
    });
    const network = {
      lookup: (name: string) => Promise.resolve([name === 'old' ? '127.0.0.1' : '127.0.0.1']),
      port: before.network.port,
    };
    const options = { host: HOST, oldBalancerDnsName: 'old', newBalancerDnsName: 'new' };

    const same = await compareEndpoints({ ...options, network }, signal);
    let asked = 0;
    const differing = {
      ...network,
      port: (standard: number) => (asked++ === 0 ? before : after).network.port(standard),
    };
    const other = await compareEndpoints({ ...options, network: differing }, signal);

    expect(same.differences).toEqual([]);
    expect(other.differences.map(({ field }) => field)).toEqual(['content-type', 'body']);
  });

  it('shows a side that does not answer', async () => {
    const { network } = await start({ certificates: attached, answer: reply(200) });

    const { differences } = await compareEndpoints(
      { host: HOST, oldBalancerDnsName: 'lb', newBalancerDnsName: 'nowhere', network },
      signal,
    );

    expect(differences[0]).toMatchObject({
      field: 'status',
      old: '200',
      new: expect.stringContaining('no address') as string,
    });
  });
});

describe('publicNetwork', () => {
  it('looks names up and leaves ports as they are', async () => {
    const network = publicNetwork({ resolver: fakeResolver({ a: { lb: ['192.0.2.1'] } }) });

    expect(await network.lookup('lb', signal)).toEqual(['192.0.2.1']);
    expect(network.port(443)).toBe(443);
  });
});
