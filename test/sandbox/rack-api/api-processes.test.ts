import { describe, expect, it } from 'vitest';
import { CLASSIC_VERSION, eventually, STANDARD_VERSION, testSandbox, untilRunning } from './rack-http.ts';

/** Slow enough that five simulated seconds are a while. */
const SLOW = { scale: 3, scenario: 'empty', rackVersion: STANDARD_VERSION } as const;

describe('the two API processes', () => {
  it('answer from caches of their own for five seconds, so that an app can be there and not there', async () => {
    const { rack } = await testSandbox(SLOW);
    await rack('GET', '/apps');
    await rack('POST', '/apps', { form: { name: 'fresh', generation: '2' } });

    const seen = [await rack('GET', '/apps'), await rack('GET', '/apps')].map(({ text }) => text.includes('fresh'));

    // The list of stacks was asked of one process before the app was made: only that one does not have it yet.
    expect(seen.toSorted()).toEqual([false, true]);
    await eventually({
      ask: async () => [await rack('GET', '/apps'), await rack('GET', '/apps')],
      until: (replies) => replies.every(({ text }) => text.includes('fresh')),
    });
  });

  it('show an app as running for a while after its deletion was accepted', async () => {
    const { rack } = await testSandbox({ ...SLOW, scenario: 'shop', durations: { resourceMs: 60_000 } });
    await rack('GET', '/apps/other');
    await rack('GET', '/apps/other');

    const deleted = await rack('DELETE', '/apps/other');
    const right_after = await rack('GET', '/apps/other');

    expect(deleted.status).toBe(200);
    expect(right_after.field('status')).toBe('running');
    await eventually({ ask: () => rack('GET', '/apps/other'), until: (reply) => reply.field('status') === 'deleting' });
  });

  it('refuse internal services until they have been replaced after Internal=Yes', async () => {
    const {
      rack,
      sandbox: { rack: api },
    } = await testSandbox({ scenario: 'empty', rackVersion: STANDARD_VERSION });
    const before = [api.host.next(), api.host.next()].map((each) => each?.supportsInternal);

    await rack('PUT', '/system', { form: { parameters: 'Internal=Yes' } });
    const during = api.host.next()?.supportsInternal;
    await eventually({
      ask: () => rack('GET', '/system'),
      until: (reply) => reply.text.includes('RouterInternalHost'),
    });
    const after = await eventually({
      ask: () => Promise.resolve([api.host.next(), api.host.next()].map((each) => each?.supportsInternal)),
      until: (each) => each.every((supports) => supports === true),
    });

    expect(before).toEqual([false, false]);
    expect(during).toBe(false);
    expect(after).toEqual([true, true]);
  });
});

describe('a version update', () => {
  it('takes the API away for a while and brings it back in the new dialect', async () => {
    const { rack } = await testSandbox({ scenario: 'empty', rackVersion: CLASSIC_VERSION });

    const accepted = await rack('PUT', '/system', { form: { version: '20190529174125' } });
    const during = await rack('GET', '/system');
    const away = await eventually({
      ask: () =>
        rack('GET', '/auth').then(
          ({ status }) => String(status),
          (error: unknown) => String(error),
        ),
      until: (seen) => seen !== '200',
    });
    const back = await eventually({
      ask: () =>
        rack('GET', '/auth').then(
          ({ text }) => text,
          () => 'away',
        ),
      until: (text) => text !== 'away',
    });
    const settled = await eventually({
      ask: () => rack('GET', '/system'),
      until: (reply) => reply.field('status') === 'running',
    });

    expect(accepted.field('version')).toBe('20190529174125');
    // The version is a parameter of the stack: it is the new one while the old API still answers.
    expect([during.field('status'), during.field('version'), during.headers['request-id']]).toEqual([
      'updating',
      '20190529174125',
      undefined,
    ]);
    expect(away).toMatch(/ECONNRESET|socket hang up/);
    expect(back).toBe('ok\n');
    expect(settled.field('version')).toBe('20190529174125');
  });

  it('across 20221129130331 moves the API to another address, which only the stack tells', async () => {
    const {
      rack,
      sandbox: { endpoints, world },
    } = await testSandbox({ scenario: 'empty', rackVersion: '20210201145337' });
    const old = endpoints.rackUrl;

    await rack('PUT', '/system', { form: { version: STANDARD_VERSION } });
    const dashboard = await eventually({
      ask: () =>
        Promise.resolve(
          world.cloudFormation.find('convox')?.outputs.find(({ key }) => key === 'Dashboard')?.value ?? '',
        ),
      until: (value) => value.startsWith('http://127.0.0.1:'),
    });
    const atNew = await rack('GET', '/system', { url: dashboard });
    const atOld = await rack('GET', '/system', { url: old }).then(
      () => 'answered',
      () => 'refused',
    );

    expect(atNew.field('version')).toBe(STANDARD_VERSION);
    expect(atOld).toBe('refused');
    expect(endpoints.rackUrl).toBe(dashboard);
  });

  it('answers 503 pages meanwhile when the API has a load balancer of its own', async () => {
    const { rack } = await testSandbox({ scenario: 'empty', rackVersion: '20221129130331' });

    await rack('PUT', '/system', { form: { version: STANDARD_VERSION } });
    const away = await eventually({ ask: () => rack('GET', '/system'), until: ({ status }) => status !== 200 });

    expect(away.status).toBe(503);
    expect(away.text).toContain('<title>503 Service Temporarily Unavailable</title>');
  });

  it('that fails leaves the old version in service', async () => {
    const {
      rack,
      sandbox: { world },
    } = await testSandbox({ scenario: 'empty', rackVersion: '20190529174125' });
    world.cloudFormation.failNext('convox', 'Instances', 'instances did not come up');

    await rack('PUT', '/system', { form: { version: '20191015110402' } });
    const settled = await eventually({
      ask: () => rack('GET', '/system').catch(() => undefined),
      until: (reply) =>
        reply?.field('status') === 'running' &&
        world.cloudFormation.find('convox')?.status === 'UPDATE_ROLLBACK_COMPLETE',
    });
    await eventually({
      ask: () => rack('POST', '/apps/none/services/web/restart').catch(() => undefined),
      // The route is newer than the version that is back.
      until: (reply) => reply?.status === 404 && reply.text === '',
    });

    expect(settled?.field('version')).toBe('20190529174125');
  });

  it('to a version that does not exist is refused in the words of its era', async () => {
    const { rack } = await testSandbox({ scenario: 'empty', rackVersion: CLASSIC_VERSION });

    const refused = await rack('PUT', '/system', { form: { version: '20991231000000' } });

    expect(refused.status).toBe(500);
    expect(refused.text).toBe('{"error":"invalid character \'<\' looking for beginning of value"}');
  });
});

describe('the dialect between the eras', () => {
  it('has releases and objects on a classic rack from 20180222001443, and services from 20180504181741', async () => {
    const { rack } = await testSandbox({ rackVersion: '20180618124906' });
    await untilRunning(rack, 'shop');

    const release = await rack('POST', '/apps/other/releases', { form: { env: 'A=1' } });
    const object = await rack('POST', '/apps/other/objects/tmp/a.tgz', {
      body: 'x',
      headers: { 'content-type': 'application/octet-stream' },
    });
    const services = await rack('GET', '/apps/shop/services');
    const environment = await rack('GET', '/apps/other/environment');
    const refused = await rack('POST', '/apps/other/objects/tmp/a.txt', { body: 'x' });

    expect(release.json()).not.toHaveProperty('description');
    expect(object.field('Url')).toBe('object://other/tmp/a.tgz');
    expect(services.status).toBe(200);
    expect(environment.json()).toEqual({ A: '1' });
    expect(refused.text).toMatch(/^\{"error":/);
  });

  it('makes every app generation 1 on a rack that does not know the parameter', async () => {
    const { sandbox, rack } = await testSandbox({ scenario: 'empty', rackVersion: '20170615105348' });

    const created = await rack('POST', '/apps', { form: { name: 'fresh', generation: '2' } });

    expect(created.json()).toEqual({ name: 'fresh', release: '', status: 'creating' });
    expect(sandbox.world.cloudFormation.find('convox-fresh')?.tags.get('Generation')).toBe('1');
  });
});
