import { describe, expect, it } from 'vitest';
import {
  CLASSIC_VERSION,
  eventually,
  multipartSource,
  STANDARD_VERSION,
  tarball,
  testSandbox,
  untilBuilt,
  untilRunning,
} from './rack-http.ts';

const FILES = {
  'convox.yml':
    'services:\n  web:\n    build: ./web\n    port: 3000\n    health: /health\n    environment:\n      - GREETING=none\n  worker:\n    build: .\n    command: sleep 3600\n',
  Dockerfile: 'FROM httpd\n',
  'web/program.json': '{"bootSeconds": 3}',
};

describe('a generation-2 app', () => {
  it('goes from nothing to serving requests on a classic rack', async () => {
    const { rack } = await testSandbox({ rackVersion: CLASSIC_VERSION });

    const created = await rack('POST', '/apps', { form: { name: 'fresh', generation: '2' } });
    await untilRunning(rack, 'fresh');
    const env = await rack('POST', '/apps/fresh/environment', { body: 'GREETING=hi=there\nEMPTY=' });
    const started = await rack('POST', '/apps/fresh/builds', multipartSource(await tarball(FILES)));
    const build = await untilBuilt(rack, 'fresh', started.field('id'));
    const promoted = await rack('POST', `/apps/fresh/releases/${build.field('release')}/promote`);
    const app = await untilRunning(rack, 'fresh');
    const services = await rack('GET', '/apps/fresh/formation');

    expect(created.json()).toEqual({ generation: '2', name: 'fresh', release: '', status: 'creating' });
    expect(env.headers['release-id']).toMatch(/^R[A-Z]{10}$/);
    expect(build.json()).toMatchObject({ status: 'complete', reason: '' });
    expect(promoted.json()).toMatchObject({ id: build.field('release'), env: 'EMPTY=\nGREETING=hi=there' });
    expect(app.field('release')).toBe(build.field('release'));
    expect(services.json()).toEqual([
      {
        balancer: expect.stringMatching(/^fresh-web\..*convox\.site$/) as unknown,
        name: 'web',
        count: 1,
        memory: 256,
        cpu: 128,
        ports: [80, 443],
      },
      { balancer: '', name: 'worker', count: 1, memory: 256, cpu: 128, ports: null },
    ]);
  });

  it('goes from nothing to serving requests on a standard rack', async () => {
    const { rack, sandbox } = await testSandbox({ rackVersion: STANDARD_VERSION });

    await rack('POST', '/apps', { form: { name: 'fresh', generation: '2' } });
    await untilRunning(rack, 'fresh');
    const env = await rack('POST', '/apps/fresh/releases', { form: { env: 'GREETING=hi' } });
    const object = await rack('POST', '/apps/fresh/objects/tmp/source.tgz', {
      body: await tarball(FILES),
      headers: { 'content-type': 'application/octet-stream' },
    });
    const started = await rack('POST', '/apps/fresh/builds', { form: { url: object.field('Url') } });
    const build = await untilBuilt(rack, 'fresh', started.field('id'));
    const promoted = await rack('POST', `/apps/fresh/releases/${build.field('release')}/promote`);
    const app = await untilRunning(rack, 'fresh');
    const services = await rack('GET', '/apps/fresh/services');

    expect(env.json()).toMatchObject({ env: 'GREETING=hi', description: 'env add:GREETING' });
    expect(build.json()).toMatchObject({ status: 'complete', release: app.field('release') });
    expect(promoted.text).toBe('ok\n');
    expect(services.json()).toMatchObject([
      { name: 'web', ports: [{ balancer: 80, container: 3000 }, { balancer: 443 }] },
      { name: 'worker', domain: '', ports: null },
    ]);
    expect(sandbox.world.compute.tasks().filter(({ definition }) => definition.app === 'fresh')).toHaveLength(2);
  });

  it('is gone after a deletion, with its builds and releases', async () => {
    const { rack, sandbox } = await testSandbox({ rackVersion: STANDARD_VERSION });

    const deleted = await rack('DELETE', '/apps/other');
    const gone = await eventually({ ask: () => rack('GET', '/apps/other'), until: ({ status }) => status === 404 });

    expect(deleted.text).toBe('ok\n');
    expect(gone.text).toBe('app not found: other\n');
    expect(sandbox.world.cloudFormation.find('convox-other')).toBeUndefined();
    await eventually({
      ask: () => Promise.resolve(sandbox.rack.store.releasesOf('other').length),
      until: (releases) => releases === 0,
    });
  });
});
