import { describe, expect, it } from 'vitest';
import { before, convert, HEAD, R2017, say, webOf } from './support/conversion.ts';

const shop = (envNames: readonly string[]): { app: { name: string; envNames: readonly string[] } } => ({
  app: { name: 'shop', envNames },
});
const web = (body: string, rack: string = HEAD, options: object = {}): Record<string, unknown> =>
  (webOf(convert(body, rack, options)) ?? {}) as Record<string, unknown>;

describe('the traps of a migration, most expensive first', () => {
  it('1 environment: one declared name does not take the others away', () => {
    const body = 'image: x\nenvironment: [A=1]';

    expect(web(body, R2017, shop(['SECRET']))['environment']).toEqual(['A=1', 'SECRET']);
    expect(web(body, HEAD, shop(['SECRET']))['environment']).toEqual(['*', 'A=1']);
  });

  it('2 required variables: a bare name that is not set does not fail the build', () => {
    expect(web('image: x\nenvironment: [OPTIONAL]', HEAD, shop([]))['environment']).toBeUndefined();
    expect(web('image: x\nenvironment: [OPTIONAL]', R2017, shop(['A']))['environment']).toEqual(['A']);
  });

  it('3 databases: an app whose database is elsewhere is not pointed at an empty one', () => {
    const { manifest } = convert(
      `
        web: {image: x, links: [database]}
        database: {image: convox/postgres, ports: [5432]}
      `,
      HEAD,
      {
        app: { name: 'shop', envNames: ['DATABASE_URL'], formation: { database: { count: -1, cpu: 0, memory: 256 } } },
      },
    );

    expect(manifest).not.toContain('resources');
    expect(manifest).toContain('- "*"');
  });

  it('4 health: what answers a TCP check may not answer a GET, and the codes are named', () => {
    const message = (rack: string): string | undefined =>
      convert('image: x\nports: ["80:80"]', rack, shop([])).findings.find(({ code }) => code === 'health-default')
        ?.message;

    expect(message(R2017)).toContain('exactly 200');
    expect(message(HEAD)).toContain('200-399 and 401');
  });

  it('5 one HTTP port a service: every other port is said', () => {
    const { findings } = convert('image: x\nports: ["80:80", "9090:9090", "22:22", "53/udp"]');

    expect(findings.filter(({ severity }) => severity === 'blocker').map(({ decision }) => decision)).toEqual(
      expect.arrayContaining(['web.port.9090', 'web.port.22', 'web.port.53.udp']),
    );
  });

  it('6 internal: what was internal does not become public', () => {
    const body = 'image: x\nports: ["80:80", "5000"]\nlabels: [convox.health.port=80]';

    expect(web(body, HEAD, { answers: { 'web.port.5000': 'drop' } })['internal']).toBe(true);
    expect(say(convert('image: x\nports: ["80"]', before('internal'), shop([])).findings)).toContain(
      'blocker internal-needs-rack',
    );
  });

  it('7 links: six of seven variables disappear, by name', () => {
    const { findings } = convert(`
      web: {image: x, links: [my-api]}
      my-api: {image: y, ports: ["80:80"]}
    `);

    expect(findings.find(({ code }) => code === 'link-vars-lost')?.message).toContain(
      'MY_API_HOST, MY_API_PORT, MY_API_SCHEME, MY_API_PATH, MY_API_USERNAME, MY_API_PASSWORD',
    );
    expect(findings.find(({ code }) => code === 'link-url-changed')?.message).toContain('MY_API_URL');
  });

  it('8 health numbers: a timeout alone does not give what AWS refuses', () => {
    expect(
      web('image: x\nports: ["80:80"]\nlabels: [convox.health.path=/c, convox.health.timeout=60]')['health'],
    ).toEqual({
      path: '/c',
      interval: 62,
      timeout: 60,
    });
  });

  it.each(['a && b', 'a > b', "a 'b'", 'a "b"', 'date +%s', 'a \\n'])(
    '9 commands: a rack of 2017 would mangle %s',
    (command) => {
      expect(convert(`image: x\ncommand: ${JSON.stringify(command)}`, R2017, shop([])).manifest).toBeUndefined();
    },
  );

  it('10 scale: the numbers are those of the running app, not of the manifest', () => {
    const formation = { web: { count: 2, cpu: 256, memory: 2048 } };

    expect(web('image: x\nmem_limit: 64m\ncpu_shares: 1', HEAD, { app: { name: 'shop', formation } })['scale']).toEqual(
      {
        count: 2,
        cpu: 256,
        memory: 2048,
      },
    );
  });

  it('11 an alternative Dockerfile came one release after 2017', () => {
    expect(convert('build: {dockerfile: D}', R2017, shop([])).manifest).toBeUndefined();
    expect(web('build: {dockerfile: D}', '20171214220445', shop([]))['build']).toEqual({ path: '.', manifest: 'D' });
  });

  it('12 timers: equal names of two services do not collide', () => {
    const { manifest } = convert(`
      web: {image: x, labels: ["convox.cron.tidy=0 3 * * ? a"]}
      api: {image: x, labels: ["convox.cron.tidy=0 3 * * ? b"]}
    `);

    expect(manifest).toContain('  web-tidy:\n');
    expect(manifest).toContain('  api-tidy:\n');
  });

  it('13 volumes: data that is not there any more is said, and ":ro" does not become a path', () => {
    const { findings, manifest } = convert('image: x\nvolumes: ["/data:/data", "/etc/app:/etc/app:ro"]');

    expect(say(findings)).toEqual(expect.arrayContaining(['choice volume-moved', 'info volume-dropped']));
    expect(manifest).not.toContain(':ro');
  });

  it('14 interpolation: what the text of generation 1 meant is not interpolated in generation 2', () => {
    const { manifest, findings } = convert('image: x\ncommand: run ${A:-1} $${B} $$C');

    expect(manifest).toContain('command: "run \\x24{A:-1} \\x24{B} $C"\n');
    expect(say(findings)).toContain('info interpolation-changed');
  });

  it('15 a default with "=" is not lost', () => {
    expect(convert('image: x\nenvironment: ["U=a=b"]', before('defaultsWithEquals')).manifest).toBeUndefined();
    expect(web('image: x\nenvironment: ["U=a=b"]', '20250325115244')['environment']).toEqual(['*', 'U=a=b']);
  });
});
