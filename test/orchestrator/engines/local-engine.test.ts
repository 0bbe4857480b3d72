import { mkdir, mkdtemp, rm, writeFile, readFile, readdir, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LocalEngine } from '../../../src/orchestrator/engines/local/local-engine.ts';
import type { Approver, GatePolicy } from '../../../src/orchestrator/engines/recorded-execution.ts';
import { systemClock, type Clock } from '../../../src/time/clock.ts';
import { engineContract } from './engine-contract.ts';

const REQUEST = { rack: 'convox', app: 'shop', settings: {} };
const signal = new AbortController().signal;

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function localEngine(options: { approver?: Approver; gatePolicy?: GatePolicy } = {}) {
  const state = await mkdtemp(join(tmpdir(), 'gen2-engine-'));
  const engine = new LocalEngine({ state, clock: systemClock, process: { pid: process.pid, exists }, ...options });
  return { engine, state, close: () => rm(state, { recursive: true, force: true }) };
}

describe('the local engine', () => {
  engineContract(localEngine);

  test('a torn last line is left out, and the execution goes on after it', async () => {
    const { engine, state, close } = await localEngine();
    const execution = await engine.begin(REQUEST, signal);
    await execution.step('one', () => Promise.resolve(1));
    await execution.release();
    const path = join(state, 'convox', 'shop', execution.id, 'journal.jsonl');
    const whole = await readFile(path, 'utf8');
    await writeFile(path, `${whole}0badc0de {"type":"step-finished","step":"tw`);

    const again = await engine.resume({ app: 'shop' }, signal);
    await again.step('two', () => Promise.resolve(2));
    await again.release();

    const [view] = await engine.list({ app: 'shop' });
    expect([view?.results.get('one'), view?.results.get('two')]).toEqual([1, 2]);
    expect((await readFile(path, 'utf8')).startsWith(whole)).toBe(true);
    await close();
  });

  test('a process that died before its first line was on disk has begun nothing', async () => {
    const { engine, state, close } = await localEngine();
    const execution = await engine.begin(REQUEST, signal);
    await execution.release();
    const unborn = join(state, 'convox', 'shop', '99990101-000000-0000');
    await mkdir(unborn);
    await writeFile(join(unborn, 'journal.jsonl'), '0badc0de {"type":"execution-cre');

    const again = await engine.resume({ app: 'shop' }, signal);

    expect(again.id).toBe(execution.id);
    await again.release();
    await close();
  });

  test('damage in the middle is refused with its line', async () => {
    const { engine, state, close } = await localEngine();
    const execution = await engine.begin(REQUEST, signal);
    await execution.step('one', () => Promise.resolve(1));
    await execution.release();
    const path = join(state, 'convox', 'shop', execution.id, 'journal.jsonl');
    const lines = (await readFile(path, 'utf8')).split('\n');
    lines[1] = lines[1]!.replace('run-started', 'run-stXrted');
    await writeFile(path, lines.join('\n'));

    await expect(engine.resume({ app: 'shop' }, signal)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringContaining('journal.jsonl:2') as string,
    });
    await close();
  });

  test('a journal of a newer program is refused', async () => {
    const { engine, state, close } = await localEngine();
    const execution = await engine.begin(REQUEST, signal);
    await execution.release();
    const path = join(state, 'convox', 'shop', execution.id, 'journal.jsonl');
    // Whatever else a newer format does, its first line says its version.
    await writeFile(path, '9f {"type":"execution-created","version":99,"how":"unknown to us"}\n');

    await expect(engine.resume({ app: 'shop' }, signal)).rejects.toMatchObject({
      code: 'JOURNAL_VERSION',
      message: expect.stringContaining("format 99 is newer than this program's (2)") as string,
      hint: expect.stringContaining('version of gen2 that began this execution') as string,
    });
    await expect(engine.list({})).rejects.toMatchObject({ code: 'JOURNAL_VERSION' });
    await close();
  });

  test('a state directory that cannot be written is refused before anything begins', async () => {
    const { state, close } = await localEngine();
    const file = join(state, 'file');
    await writeFile(file, '');
    await chmod(file, 0o400);
    const engine = new LocalEngine({ state: file, clock: systemClock, process: { pid: process.pid, exists } });

    await expect(engine.begin(REQUEST, signal)).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' });
    await close();
  });

  test('the lock of a dead process is taken over without a ritual', async () => {
    const { engine, state, close } = await localEngine();
    const dead = new LocalEngine({ state, clock: systemClock, process: { pid: 2 ** 22 + 1, exists } });
    const abandoned = await dead.begin(REQUEST, signal);

    const execution = await engine.resume({ app: 'shop' }, signal);

    expect(execution.id).toBe(abandoned.id);
    await expect(dead.resume({ app: 'shop' }, signal)).rejects.toMatchObject({ code: 'EXECUTION_RUNNING' });
    await execution.release();
    await close();
  });

  test('of many that begin at once exactly one runs, and leaves no litter behind', async () => {
    const { engine, state, close } = await localEngine();

    const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => engine.begin(REQUEST, signal)));

    const won = attempts.filter((attempt) => attempt.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'EXECUTION_RUNNING' });
    }
    await won[0]!.value.release();
    expect((await readdir(join(state, 'convox', 'shop'))).filter((name) => name.startsWith('lock'))).toEqual([]);
    await close();
  });

  test('an answer is on record before it leaves the inbox', async () => {
    let isDiskFull = false;
    const clock: Clock = {
      // The journal asks for the time when it writes a line.
      now: () => {
        if (isDiskFull) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        return Date.now();
      },
      monotonic: () => systemClock.monotonic(),
      sleep: (ms, stop) => systemClock.sleep(ms, stop),
    };
    const { state, close } = await localEngine();
    const first = new LocalEngine({ state, clock, process: { pid: process.pid, exists } });
    const execution = await first.begin(REQUEST, signal);
    const asked = execution.gate('commit', { title: 'Delete', shows: [] });
    await expect.poll(async () => (await first.list({ app: 'shop' }))[0]?.openGate?.gate).toBe('commit');
    isDiskFull = true;
    await first.answer({ app: 'shop' }, { approved: true, by: 'ann' });
    await expect(asked).rejects.toThrow('no space left');
    await execution.release();

    const second = new LocalEngine({
      state,
      clock: systemClock,
      process: { pid: process.pid, exists },
      gatePolicy: 'exit',
    });
    const resumed = await second.resume({ app: 'shop' }, signal);

    expect(await resumed.gate('commit', { title: 'Delete', shows: [] })).toEqual({ approved: true, by: 'ann' });
    await resumed.release();
    await close();
  });

  test('with the policy to exit, a gate without an answer ends the run and says how to go on', async () => {
    const { engine, close } = await localEngine({ gatePolicy: 'exit' });
    const execution = await engine.begin(REQUEST, signal);

    await expect(execution.gate('commit', { title: 'Delete', shows: [] })).rejects.toMatchObject({
      code: 'GATE_PENDING',
      hint: expect.stringContaining('gen2 approve') as string,
    });
    await execution.release();
    await close();
  });

  test('an approver in this process answers the gate', async () => {
    const { engine, close } = await localEngine({
      approver: () => Promise.resolve({ approved: true, by: 'operator' }),
    });
    const execution = await engine.begin(REQUEST, signal);

    expect(await execution.gate('commit', { title: 'Delete', shows: [] })).toEqual({ approved: true, by: 'operator' });
    await execution.release();
    await close();
  });
});
