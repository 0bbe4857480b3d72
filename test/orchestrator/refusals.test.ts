import { describe, expect, onTestFinished, test } from 'vitest';
import { createApp } from '../../src/orchestrator/app-lifecycle.ts';
import type { Execution } from '../../src/orchestrator/engine.ts';
import { LocalEngine } from '../../src/orchestrator/engines/local/local-engine.ts';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import { assertMayDelete } from '../../src/orchestrator/invariants.ts';
import type { PlannedService } from '../../src/orchestrator/plan.ts';
import type { AwsPort, Ports, RackPort } from '../../src/orchestrator/ports.ts';
import { Runner } from '../../src/orchestrator/runner.ts';
import type { Gate, Step } from '../../src/orchestrator/step.ts';
import { waitForHealthyTargets } from '../../src/orchestrator/verification.ts';
import type { Clock } from '../../src/time/clock.ts';
import { temporaryFolder } from '../cli/support/folders.ts';
import { ASSESSMENT } from '../cli/support/plans.ts';

const signal = new AbortController().signal;

/** Time that passes as soon as somebody sleeps. */
function sleepless(): Clock {
  let now = Date.UTC(2026, 0, 5);
  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms) => {
      // A limit on an undo is no pause: it is never reached here.
      if (ms >= 30 * 60_000) return new Promise(() => undefined);
      now += ms;
      return Promise.resolve();
    },
  };
}

interface World {
  readonly rack?: { readonly apps: Partial<RackPort['apps']> };
  readonly aws?: Partial<AwsPort>;
  readonly services?: readonly PlannedService[];
  readonly approved?: boolean;
}

/** A real runner on a real execution; of the ports there is only what a test says. */
async function running({ rack, aws, services = [], approved = true }: World = {}) {
  const clock = sleepless();
  const state = await temporaryFolder();
  const process = { pid: globalThis.process.pid, exists: () => true };
  const approver = () => Promise.resolve({ approved, by: 'ann' });
  const engine = new LocalEngine({ state, clock, process, approver });
  const execution: Execution = await engine.begin({ rack: 'convox', app: 'shop', settings: {} }, signal);
  onTestFinished(() => execution.release());
  const events: MigrationEvent[] = [];
  const runner = new Runner({
    execution,
    facts: { ...ASSESSMENT, services },
    settings: { app: 'shop', sourceFolder: '/' },
    ports: { rack, aws, clock } as unknown as Ports,
    exports: {
      location: state,
      writeText: () => Promise.resolve(),
      writeStream: () => Promise.resolve({ bytes: 0, sha256: '' }),
    },
    listener: (event) => events.push(event),
  });
  return { runner, events };
}

const GATE: Gate = {
  id: 'approve-cutover',
  phase: 'cutover',
  title: 'Move the traffic',
  isGate: true,
  shows: () => Promise.resolve(['a → b']),
};

function step(id: string, undo?: Step['undo']): Step {
  return {
    ...{ id, phase: 'prepare', title: `Title of ${id}`, expectedMs: 0 },
    plan: () => Promise.resolve({ state: 'todo', says: 'do it' }),
    run: () => Promise.resolve('did it'),
    ...(undo === undefined ? {} : { undo }),
  };
}

describe('a gate', () => {
  test('that somebody rejects stops the migration, and who it was is told', async () => {
    const { runner, events } = await running({ approved: false });

    await expect(runner.run([GATE, step('lower-ttl')])).rejects.toMatchObject({
      code: 'GATE_REJECTED',
      exitCode: 8,
      message: 'Move the traffic: rejected by ann',
    });
    expect(events.map(({ type }) => type)).toEqual(['gate-opened', 'gate-answered']);
  });
});

describe('an undo', () => {
  test('that fails names its step and keeps the cause; what lies before it is not touched', async () => {
    const undone: string[] = [];
    const first = step('first', () => Promise.resolve(void undone.push('first')));
    const second = step('second', () => Promise.reject(new Error('in use')));
    const { runner, events } = await running();
    await runner.run([first, second]);

    await expect(runner.undo([first, second], undefined)).rejects.toMatchObject({
      code: 'UNDO_FAILED',
      message: 'taking back "Title of second" failed: [BUG] in use',
      cause: expect.objectContaining({ message: 'in use' }) as unknown,
    });
    expect(undone).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: 'undo-failed', step: 'second' });
  });
});

describe('a deletion', () => {
  test('that was not approved in this execution is none', async () => {
    const { runner } = await running();
    const deletion = { app: 'shop', stackArn: 'arn', successor: 'shop-gen2', approvedBy: 'approve-commit' };

    await expect(
      assertMayDelete(runner.context('delete-old-app', 'run'), { ...deletion, generation: '1' }, signal),
    ).rejects.toMatchObject({ code: 'INVARIANT', message: expect.stringContaining('not approved') as string });
  });
});

describe('an app', () => {
  test('whose stack is rolled back was not created, for the first cause among its events', async () => {
    const { runner } = await running({
      rack: { apps: { find: () => Promise.resolve(undefined), create: () => Promise.resolve(undefined) } },
      aws: {
        findStack: (name) =>
          Promise.resolve({
            ...{ arn: 'arn:stack', name, status: 'ROLLBACK_COMPLETE', changedAt: 0 },
            ...{ tags: {}, parameters: {}, outputs: {} },
          }),
        firstCause: () => Promise.resolve('Settings: you have too many buckets'),
      },
    });
    const context = runner.context('create-temporary-app', 'run');
    const found = { name: 'shop-gen2', status: 'creating', release: '', generation: '2', locked: false } as const;
    const apps = { ...context.ports.rack.apps, find: () => Promise.resolve(found) };
    const later = { ...context, ports: { ...context.ports, rack: { ...context.ports.rack, apps } } };

    await expect(createApp(later, { app: 'shop-gen2', generation: '2' }, signal)).rejects.toMatchObject({
      code: 'APP_CREATE_FAILED',
      message: 'app shop-gen2 was not created (ROLLBACK_COMPLETE): Settings: you have too many buckets',
    });
  });

  test('whose targets stay unhealthy is not verified, with the reason seen last', async () => {
    const web: PlannedService = {
      ...{
        name: 'web',
        port: 80,
        healthPath: '/health',
        role: 'public',
        domains: [],
        drainSeconds: 30,
        domainVariable: undefined,
      },
    };
    const { runner, events } = await running({
      services: [web],
      aws: {
        serviceTargets: () => Promise.resolve([{ service: 'web', targetGroupArns: ['arn:web'] }]),
        targetHealth: () => Promise.resolve({ healthy: 0, total: 2, problems: ['web: 502 on /health'] }),
      },
    });

    await expect(
      waitForHealthyTargets(runner.context('verify-temporary-app', 'run'), 'shop-gen2', signal),
    ).rejects.toMatchObject({
      code: 'VERIFICATION_FAILED',
      message: expect.stringContaining('502 on /health') as string,
      cause: expect.objectContaining({ code: 'TIMED_OUT' }) as unknown,
    });
    expect(events.at(-1)).toMatchObject({ type: 'waiting', timeoutMs: 900_000 });
  });
});
