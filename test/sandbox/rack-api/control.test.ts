import { describe, expect, it } from 'vitest';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { startOperator } from '../../../src/sandbox/scenario/operator.ts';
import { CLASSIC_VERSION, eventually, STANDARD_VERSION, testSandbox } from './rack-http.ts';

async function call({ endpoints }: Sandbox, method: string, path: string, body?: unknown): Promise<unknown> {
  const reply = await fetch(`${endpoints.controlUrl}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return reply.json();
}

describe("the sandbox's own door", () => {
  it('lists certificate mails and approves them', async () => {
    const { sandbox, rack } = await testSandbox({ rackVersion: STANDARD_VERSION });
    await rack('POST', '/certificates/generate', { form: { domains: 'example.com' } });

    const before = (await call(sandbox, 'GET', '/sandbox/mails')) as { id: string; domain: string; to: string[] }[];
    await call(sandbox, 'POST', `/sandbox/mails/${before[0]?.id ?? ''}/approve`);
    const listed = await rack('GET', '/certificates');

    expect(before).toHaveLength(1);
    expect(before[0]).toMatchObject({ domain: 'example.com' });
    expect(before[0]?.to).toHaveLength(5);
    expect(listed.text).toContain('"example.com"');
  });

  it('has nothing in the mailbox when a sandbox starts', async () => {
    const { sandbox } = await testSandbox({ rackVersion: CLASSIC_VERSION });

    expect(await call(sandbox, 'GET', '/sandbox/mails')).toEqual([]);
  });

  it('plays faults as often as told, and takes them away again', async () => {
    const { sandbox, rack } = await testSandbox({ rackVersion: STANDARD_VERSION });
    const fault = { service: 'rack', operation: 'GET /apps.*', times: 2, action: { type: 'error', status: 502 } };

    await call(sandbox, 'POST', '/sandbox/faults', fault);
    const statuses = [await rack('GET', '/apps'), await rack('GET', '/apps/shop'), await rack('GET', '/apps')];
    const kept = { service: 'rack', mutates: true, action: { type: 'throttle' } };
    const { id } = (await call(sandbox, 'POST', '/sandbox/faults', kept)) as { id: string };
    const refused = await rack('POST', '/apps', { form: { name: 'fresh' } });
    await call(sandbox, 'DELETE', `/sandbox/faults/${id}`);
    const accepted = await rack('POST', '/apps', { form: { name: 'fresh' } });

    expect(statuses.map(({ status }) => status)).toEqual([502, 502, 200]);
    expect(refused.text).toMatch(/^Throttling: Rate exceeded\n/);
    expect(accepted.status).toBe(200);
  });

  it('can cut a connection before or after the request took effect', async () => {
    const { sandbox, rack } = await testSandbox({ rackVersion: STANDARD_VERSION });
    const create = (name: string): Promise<string> =>
      rack('POST', '/apps', { form: { name } }).then(
        () => 'answered',
        () => 'cut',
      );

    for (const applied of [false, true]) {
      const action = { type: 'reset', applied };
      await call(sandbox, 'POST', '/sandbox/faults', { service: 'rack', mutates: true, times: 1, action });
    }
    const outcomes = [await create('lost'), await create('made')];

    expect(outcomes).toEqual(['cut', 'cut']);
    expect(sandbox.world.cloudFormation.find('convox-lost')).toBeUndefined();
    expect(sandbox.world.cloudFormation.find('convox-made')).toBeDefined();
  });

  it('serves the list of versions, the installed one among them', async () => {
    const { sandbox } = await testSandbox({ rackVersion: '20180901000000', scenario: 'empty' });

    const versions = (await (await fetch(sandbox.endpoints.versionsUrl)).json()) as {
      version: string;
      required: boolean;
    }[];

    expect(versions.map(({ version }) => version)).toContain('20180901000000');
    expect(versions.map(({ version }) => version)).toEqual(versions.map(({ version }) => version).toSorted());
    expect(versions.some(({ required }) => required)).toBe(true);
  });

  it('counts what reached the rack, by operation', async () => {
    const { sandbox, rack } = await testSandbox({ rackVersion: STANDARD_VERSION });
    await rack('GET', '/apps/shop');
    await rack('GET', '/apps/other');

    expect(await call(sandbox, 'GET', '/sandbox/counters')).toMatchObject({ 'rack apps.get': 2 });
  });

  it('refuses what it does not know', async () => {
    const { sandbox } = await testSandbox({ scenario: 'empty' });

    expect(await call(sandbox, 'GET', '/sandbox/nosuch')).toEqual({ error: 'the sandbox has no GET /sandbox/nosuch' });
    expect(
      await call(sandbox, 'POST', '/sandbox/faults', { service: 'rack', action: { type: 'explode' } }),
    ).toHaveProperty('error');
  });
});

describe('the operator', () => {
  it('approves each mail after a while', async () => {
    const { sandbox, rack } = await testSandbox({ rackVersion: CLASSIC_VERSION });
    const { world } = sandbox;
    const approved: string[] = [];
    const stop = startOperator(world, { approveAfterMs: 60_000, onApproval: (domain) => approved.push(domain) });
    await rack('POST', '/certificates/generate', { form: { domains: 'example.com,www.example.com' } });

    await eventually({ ask: () => Promise.resolve(approved.length), until: (count) => count === 2 });
    stop();

    expect(approved).toEqual(['example.com', 'www.example.com']);
    for (const mail of world.acm.mails) expect((mail.approvedAt ?? 0) - mail.sentAt).toBeGreaterThanOrEqual(60_000);
  });
});
