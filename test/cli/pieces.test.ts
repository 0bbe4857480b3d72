import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './support/folders.ts';
import { playground } from './support/sandbox.ts';
import { spawnGen2 } from './support/spawn-gen2.ts';

const MINUTE_MS = 60_000;

describe('one piece alone, on a sandbox', () => {
  test(
    'balancers, doctor, dns show and check tell what there is and change nothing',
    async () => {
      const world = await playground();

      const internal = await world.run('balancers', '--internal');
      const all = await world.run('balancers', '--json');
      const byName = await spawnGen2(['balancers', '--public', '--rack', 'convox'], {
        env: { ...world.env, CONVOX_HOST: '' },
        cwd: world.folder,
      }).ended;
      const doctor = await world.run('doctor');
      const shown = await world.run('dns', 'show', 'shop');

      expect(internal).toMatchObject({ exitCode: 0, stderr: '' });
      expect(internal.stdout).toMatch(/^internal-convox-[A-Za-z0-9.-]+\.elb\.amazonaws\.com\n$/);
      expect(JSON.parse(all.stdout)).toMatchObject({
        internal: { dnsName: internal.stdout.trim(), kind: 'application', crossChecked: true },
        public: { scheme: 'internet-facing' },
      });
      expect(byName.stdout).toMatch(/^convox-[A-Za-z0-9.-]+\.elb\.amazonaws\.com\n$/);
      expect(doctor.exitCode).toBe(0);
      expect(doctor.stdout).not.toContain('✗');
      expect(shown.stdout.match(/^shop\.example\.com +(A|AAAA) /gm)).toHaveLength(2);
      expect(world.mutations).toEqual([]);
    },
    MINUTE_MS,
  );

  test(
    'one balancer is asked for alone',
    async () => {
      const world = await playground();

      const { stderr } = await world.run('balancers', '--internal', '--verbose');

      expect(stderr.match(/(?<=aws ).+/g)).toEqual([
        'sts:GetCallerIdentity',
        'cloudformation:DescribeStacks',
        'cloudformation:DescribeStackResource',
        'elasticloadbalancing:DescribeLoadBalancers',
      ]);
    },
    MINUTE_MS,
  );

  test(
    'dns switch writes the records down before it changes them, and dns restore puts them back from the file',
    async () => {
      const world = await playground();
      const { route53 } = world.sandbox.world;
      const zone = [...route53.zones.values()].find(({ name }) => name === 'example.com.');
      const values = ['"heritage=external-dns,external-dns/owner=default"'];
      const mark = { name: 'cname-shop.example.com.', type: 'TXT', ttl: 300, values };
      route53.change(zone?.id ?? '', [{ action: 'CREATE', recordSet: mark }]);
      const before = await world.records();

      const unasked = await world.run('dns', 'switch', 'shop');
      expect(unasked).toMatchObject({ exitCode: 2 });
      expect(unasked.stderr).toContain(
        '! shop.example.com is kept by external-dns (TXT record cname-shop.example.com)',
      );
      expect(unasked.stderr).toContain('Give --yes');
      const switched = await world.run('dns', 'switch', 'shop', '--yes', '--record', 'before.json');
      expect(switched).toMatchObject({ exitCode: 0 });
      expect(await world.records()).not.toEqual(before);
      const again = await world.run('dns', 'switch', 'shop', '--yes', '--record', 'before.json');
      expect(again.stderr).toContain('nothing to change');

      const damaged = join(world.folder, 'damaged.json');
      await writeFile(damaged, (await readFile(join(world.folder, 'before.json'), 'utf8')).slice(0, -20));
      expect((await world.run('dns', 'restore', damaged, '--yes')).stderr).toContain('error[JOURNAL_DAMAGED]');
      const restored = await world.run('dns', 'restore', 'before.json', '--yes');
      expect(restored).toMatchObject({ exitCode: 0, stdout: 'put back\n' });
      expect(await world.records()).toEqual(before);
    },
    MINUTE_MS,
  );

  test(
    'convert asks the running app, writes the manifest once, and check accepts it',
    async () => {
      const world = await playground();
      const manifest = join(world.folder, 'shop', 'convox.yml');

      const converted = await world.run('convert', 'shop', '--app', 'shop');
      expect(converted).toMatchObject({ exitCode: 0, stdout: '' });
      expect(await readFile(manifest, 'utf8')).toContain('- DATABASE_URL');
      const again = await world.run('convert', 'shop', '--app', 'shop');
      expect(again.stderr).toContain(': unchanged');
      await writeFile(manifest, 'services: {}\n');
      const refused = await world.run('convert', 'shop', '--app', 'shop');
      expect(refused).toMatchObject({ exitCode: 7 });
      expect(refused.stderr).toContain('error[FILE_EXISTS]');
      const forced = await world.run('convert', 'shop', '--app', 'shop', '--force', '--quiet');
      expect(forced).toMatchObject({ exitCode: 0 });
      const checked = await world.run('check', 'shop', '--app', 'shop', '--json');
      expect(checked).toMatchObject({ exitCode: 0 });
      expect(JSON.parse(checked.stdout)).toMatchObject({ rackVersion: '20171213132441' });
      expect(world.mutations).toEqual([]);
    },
    MINUTE_MS,
  );
});

describe('gen2 certs', () => {
  test(
    'shows whose mailboxes an app waits for, sends mails again, and watches until they are approved',
    async () => {
      const world = await playground({ approveAfterMs: Infinity });
      const prepare = world.start('prepare', 'shop', '--source', 'shop');
      await prepare.says(/waits for a person: certificate for shop\.example\.com/);

      const shown = await world.run('certs', 'shop-gen2');
      const resent = await world.run('certs', 'shop-gen2', '--resend');
      const watch = world.start('certs', 'shop-gen2', '--watch', '--json');
      await watch.says(/"status":"pending"/);
      const approved = await world.run('sandbox', '--mail');

      expect(shown.stdout).toContain('shop.example.com: follow the link in the mail to admin@example.com');
      expect(resent.stderr).toContain('mails sent again for');
      expect(approved.stderr).toBe('');
      expect(approved.stdout).toContain('approved: ');
      expect(await watch.ended).toMatchObject({ exitCode: 0 });
      expect((await prepare.ended).exitCode).toBe(0);
      expect((await world.run('certs', 'shop-gen2')).stdout).toBe('no certificate is waited for\n');
    },
    2 * MINUTE_MS,
  );
});

describe('gen2 doctor', () => {
  test('goes on after what is missing, says what to do, and exits with the kind of the first failure', async () => {
    const folder = await temporaryFolder();

    const { exitCode, stdout } = await spawnGen2(['doctor'], { env: {}, cwd: folder }).ended;

    expect(exitCode).toBe(6);
    expect(stdout).toContain('✓ state folder');
    expect(stdout).toContain('✗ rack named: [RACK_URL_INVALID]');
    expect(stdout).toContain('✗ AWS region: [AWS_REGION]');
    expect(stdout).toContain('Set CONVOX_HOST');
  });

  test('names the permission that is missing, and still looks at the rest', async () => {
    const world = await playground();
    world.sandbox.world.faults.add(({ service }) => (service === 'acm' ? { type: 'deny' } : undefined));

    const { exitCode, stdout } = await world.run('doctor');

    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/✗ certificates: \[AWS_DENIED\].*acm:ListCertificates/);
    expect(stdout).toContain('✓ balancers of the rack');
  });
});

describe('convert and check without any rack', () => {
  test('work from the files alone', async () => {
    const folder = await temporaryFolder();
    await writeFile(
      join(folder, 'docker-compose.yml'),
      'version: "2"\nservices:\n  web:\n    image: httpd\n    ports: ["80:3000"]\n',
    );

    const converted = await spawnGen2(['convert', '--rack-version', '20180901000000', '-o', '-'], {
      env: {},
      cwd: folder,
    }).ended;
    const sarif = await spawnGen2(['convert', '--sarif', '-o', 'convox.yml'], { env: {}, cwd: folder }).ended;

    expect(converted).toMatchObject({ exitCode: 0 });
    expect(converted.stdout).toContain('services:\n  web:\n');
    expect(JSON.parse(sarif.stdout)).toMatchObject({ version: '2.1.0' });
  });

  test('say what is wrong with a file that is no manifest, and write nothing', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'docker-compose.yml'), 'services:\n\tweb: [\n');

    const { exitCode, stderr } = await spawnGen2(['convert'], { env: {}, cwd: folder }).ended;

    expect(exitCode).toBe(6);
    expect(stderr).toContain('error[MANIFEST_INVALID]');
    expect(stderr).not.toContain(' at ');
    await expect(readFile(join(folder, 'convox.yml'))).rejects.toThrow('ENOENT');
  });
});

describe('gen2 sandbox', () => {
  test(
    'tells in one line how to reach it, serves other commands, and ends on SIGTERM',
    async () => {
      const folder = await temporaryFolder();
      const sandbox = spawnGen2(['sandbox', '--json', '--seed', '7'], { env: {}, cwd: folder });
      let line = '';
      sandbox.child.stdout?.on('data', (text: string) => (line += text));
      await sandbox.says(/"ready":true.*\n/);

      const { ready, env } = JSON.parse(line) as { ready: boolean; env: Record<string, string> };
      const balancer = await spawnGen2(['balancers', '--internal'], { env, cwd: folder }).ended;
      const mails = await spawnGen2(['sandbox', '--mail'], { env, cwd: folder }).ended;
      sandbox.child.kill('SIGTERM');

      expect(ready).toBe(true);
      expect(balancer.stdout).toMatch(/^internal-[^\n]+\.amazonaws\.com\n$/);
      expect(mails).toMatchObject({ exitCode: 0, stdout: 'no mail has arrived\n' });
      expect((await sandbox.ended).exitCode).toBe(0);
    },
    MINUTE_MS,
  );
});
