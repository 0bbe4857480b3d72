import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SHOP_CANARY, SHOP_URL_CANARY } from '../../src/sandbox/scenario/shop-environment.ts';
import { filesBelow, playground, type Playground } from './support/sandbox.ts';

/** Whole migrations, each in a process of its own. */
const LONG_MS = 180_000;
const GATE = { cutover: /Move the traffic to the new app/, commit: /Delete the old app\n/ };

function apps({ sandbox: { rack } }: Playground): Promise<readonly { name: string; generation: string }[]> {
  return fetch(`${rack.url}/apps`, {
    headers: { authorization: `Basic ${Buffer.from('convox:sandbox-rack-password').toString('base64')}` },
  }).then((reply) => reply.json() as Promise<{ name: string; generation: string }[]>);
}

describe('a migration over two terminals', () => {
  test(
    'stops at its gates, is approved, killed, resumed, and ends with the app as generation 2; no secret shows anywhere',
    async () => {
      const world = await playground();
      const outputs: string[] = [];

      const plan = await world.run('plan', 'shop', '--source', 'shop', '-o', 'plan.json');
      expect(plan.exitCode).toBe(0);
      expect(plan.stdout).toContain('begin with `gen2 migrate shop --plan plan.json`');
      outputs.push(await readFile(join(world.folder, 'plan.json'), 'utf8'));
      expect(world.mutations).toEqual([]);

      const first = world.start('migrate', 'shop', '--plan', 'plan.json');
      await first.says(GATE.cutover);
      expect((await world.run('status', 'shop')).stdout).toContain('waits for approval: Move the traffic');
      expect((await world.run('approve', 'shop')).exitCode).toBe(0);
      await first.says(/switch-records/i);
      first.child.kill('SIGKILL');
      const killed = await first.ended;
      expect(killed.exitCode).toBe(137);
      expect((await world.run('status', 'shop')).stdout).toContain('shop on rack convox: stopped');

      const second = await world.run('resume', 'shop', '--on-gate', 'exit', '--verbose');
      expect(second.exitCode).toBe(10);
      expect(second.stderr).toContain('waiting[GATE_PENDING] Delete the old app');
      const approved = await world.run('approve', 'shop');
      expect(approved.stdout).toContain('`gen2 resume shop` goes on');
      const third = await world.run('resume', 'shop', '--json');
      expect(third.exitCode).toBe(0);
      expect(JSON.parse(third.stdout)).toMatchObject({ outcome: 'succeeded', app: 'shop' });
      expect(await apps(world)).toEqual([
        expect.objectContaining({ name: 'other' }),
        expect.objectContaining({ name: 'shop', generation: '2' }),
      ]);

      const verified = await world.run('verify', 'shop');
      expect(verified.stdout).toContain('✓ shop.example.com/health');
      const report = await world.run('report', 'shop', '--markdown');
      expect(report.stdout).toContain('| commit | delete-old-app | done |');
      outputs.push(plan.stdout, plan.stderr, killed.stdout, killed.stderr, second.stdout, second.stderr);
      outputs.push(third.stdout, third.stderr, verified.stdout, report.stdout, report.stderr);
      const written = await filesBelow(join(world.folder, '.gen2'));
      expect(written.size).toBeGreaterThan(5);
      const reports = [...written.keys()].map((path) => basename(path)).filter((name) => name.startsWith('report.'));
      expect(reports.toSorted()).toEqual(['report.html', 'report.json', 'report.md']);
      for (const secret of [SHOP_CANARY, SHOP_URL_CANARY, 'sandbox-rack-password', 'sandbox-secret-access-key']) {
        const forms = [secret, Buffer.from(`convox:${secret}`).toString('base64')];
        for (const form of forms) {
          expect(outputs.filter((text) => text.includes(form))).toEqual([]);
          expect([...written].filter(([, text]) => text.includes(form)).map(([path]) => path)).toEqual([]);
        }
      }
      // The filter is the last line of defence: it had nothing to do.
      expect(outputs.filter((text) => text.includes('[hidden]'))).toEqual([]);
    },
    LONG_MS,
  );

  test(
    'is rolled back to records equal byte by byte, then aborted with nothing left behind',
    async () => {
      const world = await playground();
      const before = { records: await world.records(), apps: await apps(world) };
      const prepared = await world.run('prepare', 'shop', '--source', 'shop');
      expect(prepared.exitCode).toBe(0);
      expect(prepared.stdout).toContain('Go on with `gen2 cutover shop`');
      expect((await apps(world)).map(({ name }) => name)).toContain('shop-gen2');

      const cutover = world.start('cutover', 'shop');
      await cutover.says(GATE.cutover);
      await world.run('approve', 'shop');
      expect(await cutover.ended).toMatchObject({ exitCode: 0 });
      expect(await world.records()).not.toEqual(before.records);

      const rolledBack = await world.run('rollback', 'shop');
      expect(rolledBack.exitCode).toBe(0);
      expect(await world.records()).toEqual(before.records);

      const aborted = await world.run('abort', 'shop');
      expect(aborted.exitCode).toBe(0);
      expect(aborted.stderr).toMatch(/^report: file:\/\/\S+\/report\.html$/m);
      expect(await apps(world)).toEqual(before.apps);
      expect(await world.records()).toEqual(before.records);
      expect((await world.run('balancers', '--internal')).stdout).toMatch(/^internal-[a-z0-9.-]+\.amazonaws\.com\n$/i);
    },
    LONG_MS,
  );

  test(
    'stops at a safe point on SIGTERM, says how to go on, and exits 143',
    async () => {
      const world = await playground();
      const migration = world.start('migrate', 'shop', '--source', 'shop');
      await migration.says(/build-temporary-app waits/);

      migration.child.kill('SIGTERM');
      const { exitCode, stderr } = await migration.ended;

      expect(exitCode).toBe(143);
      expect(stderr).toContain('SIGTERM: stopping at the next safe point');
      expect(stderr).toContain('stopped[STOPPED]');
      expect(stderr).toContain('`gen2 resume shop`');
      const second = await world.run('migrate', 'shop', '--source', 'shop');
      expect(second.exitCode).toBe(7);
      expect(second.stderr).toContain('error[EXECUTION_STATE]');
      expect((await world.run('abort', 'shop')).exitCode).toBe(0);
    },
    LONG_MS,
  );
});
