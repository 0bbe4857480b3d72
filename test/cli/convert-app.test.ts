import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SHOP_CANARY, SHOP_URL_CANARY } from '../../src/sandbox/scenario/shop-environment.ts';
import { playground } from './support/sandbox.ts';
import { spawnGen2 } from './support/spawn-gen2.ts';

const MINUTE_MS = 60_000;

interface Report {
  readonly manifest: string;
  readonly domainValues: Readonly<Record<string, string>>;
  readonly notKnown: readonly string[];
}

describe('gen2 convert --app', () => {
  test(
    'takes scale, names of variables and names in DNS from the running app, and changes nothing',
    async () => {
      const world = await playground();

      const { exitCode, stdout, stderr } = await world.run('convert', 'shop', '--app', 'shop', '--json');

      const { manifest, domainValues, notKnown } = JSON.parse(stdout) as Report;
      expect({ exitCode, notKnown }).toEqual({ exitCode: 0, notKnown: [] });
      expect(domainValues).toEqual({
        DOMAINS_WEB: 'shop.example.com,www.shop.example.com',
        DOMAINS_API: 'api.corp.example.com',
      });
      expect(manifest).toContain('domain: ${DOMAINS_WEB}');
      expect(manifest).toContain('- DATABASE_URL');
      expect(manifest).toContain('scale: 2\n');
      expect(await readFile(join(world.folder, 'shop', 'convox.yml'), 'utf8')).toBe(manifest);
      expect(`${stdout}${stderr}`).not.toContain(SHOP_CANARY);
      expect(`${stdout}${stderr}`).not.toContain(SHOP_URL_CANARY);
      expect(world.mutations).toEqual([]);
    },
    MINUTE_MS,
  );

  test(
    'adds names given with --domain to those found',
    async () => {
      const world = await playground();

      const { stdout } = await world.run(
        ...['convert', 'shop', '--app', 'shop', '--json', '-o', '-', '--domain', 'web=eu.example.org'],
      );

      const { domainValues } = JSON.parse(stdout) as Report;
      expect(domainValues['DOMAINS_WEB']?.split(',').toSorted()).toEqual([
        'eu.example.org',
        'shop.example.com',
        'www.shop.example.com',
      ]);
    },
    MINUTE_MS,
  );

  test(
    'plan takes the same names, and answers from the file beside the source',
    async () => {
      const world = await playground();
      const answers = 'version: 1\nanswers:\n  environment.PROCESS: add\n';
      await writeFile(join(world.folder, 'shop', 'gen2.answers.yaml'), answers);

      const { stdout } = await world.run(
        ...['plan', 'shop', '--source', 'shop', '--json', '--domain', 'web=eu.example.org'],
      );

      const { assessment } = JSON.parse(stdout) as {
        assessment: {
          services: readonly { name: string; domains: readonly string[] }[];
          manifest: { text: string };
        };
      };
      expect(assessment.services.find(({ name }) => name === 'web')?.domains).toContain('eu.example.org');
      expect(assessment.manifest.text).toContain('PROCESS=web');
    },
    MINUTE_MS,
  );

  test(
    'works without AWS credentials, with what the rack tells, and says what it does not know',
    async () => {
      const { env, folder } = await playground();
      const noKeys = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' };

      const { exitCode, stdout, stderr } = await spawnGen2(['convert', 'shop', '--app', 'shop', '-o', '-'], {
        env: { ...env, ...noKeys },
        cwd: folder,
      }).ended;

      expect(exitCode).toBe(0);
      expect(stderr).toMatch(/not known: names in DNS and certificates: \[AWS_CREDENTIALS\]/);
      expect(stdout).toContain('- DATABASE_URL');
      expect(stdout).not.toContain('domain:');
    },
    MINUTE_MS,
  );

  test(
    'goes on when only Route 53 may not be read',
    async () => {
      const world = await playground();
      world.sandbox.world.faults.add(({ service }) => (service === 'route53' ? { type: 'deny' } : undefined));

      const { exitCode, stdout } = await world.run('convert', 'shop', '--app', 'shop', '--json', '-o', '-');

      const { notKnown, domainValues } = JSON.parse(stdout) as Report;
      expect({ exitCode, domainValues }).toEqual({ exitCode: 0, domainValues: {} });
      expect(notKnown).toEqual([expect.stringMatching(/^names in DNS: \[AWS_DENIED\]/)]);
    },
    MINUTE_MS,
  );

  test(
    'an app the rack does not have is an error, and nothing is written',
    async () => {
      const world = await playground();

      const { exitCode, stderr } = await world.run('convert', 'shop', '--app', 'shopp');

      expect(exitCode).toBe(6);
      expect(stderr).toContain('shopp');
      await expect(readFile(join(world.folder, 'shop', 'convox.yml'))).rejects.toThrow('ENOENT');
    },
    MINUTE_MS,
  );
});
