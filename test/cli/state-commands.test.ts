import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { LocalEngine } from '../../src/orchestrator/engines/local/local-engine.ts';
import { systemClock } from '../../src/time/clock.ts';
import { temporaryFolder } from './support/folders.ts';
import { gen2 } from './support/test-shell.ts';

/** An execution of shop that runs in this process, and stops when the test ends. */
async function running() {
  const state = await temporaryFolder();
  const stop = new AbortController();
  const engine = new LocalEngine({
    state,
    clock: systemClock,
    process: { pid: process.pid, exists: (pid) => pid === process.pid },
  });
  const execution = await engine.begin({ rack: 'convox', app: 'shop', settings: {} }, stop.signal);
  return { state, engine, execution, stop };
}

const GATE = { title: 'Move the traffic', shows: ['shop.example.com: a → b'] };

describe('gen2 status', () => {
  test('shows an execution of this state directory', async () => {
    const { state, execution } = await running();

    const { exitCode, stdout } = await gen2(['status', '--state', state]);

    expect(exitCode).toBe(0);
    expect(stdout).toContain('shop on rack convox: running in process');
    expect(stdout).toContain(execution.id);
    await execution.release();
  });

  test('--json gives one array for programs', async () => {
    const { state, execution } = await running();
    await execution.release();

    const { stdout } = await gen2(['status', 'shop', '--json'], { env: { GEN2_STATE: state } });

    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({ execution: execution.id, app: 'shop', outcome: null, holder: null, openGate: null }),
    ]);
  });

  test('--watch follows what happens until it is over', async () => {
    const { state, execution } = await running();

    const watched = gen2(['status', 'shop', '--watch', '--state', state]);
    await execution.announce({ type: 'said', step: 'build', message: 'half of it', at: systemClock.now() });
    await execution.finish('succeeded');
    await execution.release();

    const { exitCode, stdout, stderr } = await watched;
    expect(exitCode).toBe(0);
    expect(stderr).toContain('half of it');
    expect(stdout).toContain('shop on rack convox: succeeded');
  });

  test('says where it looked when there is nothing', async () => {
    const state = await temporaryFolder();

    const { exitCode, stderr } = await gen2(['status', 'shop', '--state', state]);

    expect(exitCode).toBe(6);
    expect(stderr).toContain('error[EXECUTION_NOT_FOUND] no execution of shop');
  });

  test('refuses a damaged journal with the line', async () => {
    const { state, execution } = await running();
    await execution.release();
    const journal = join(state, 'convox', 'shop', execution.id, 'journal.jsonl');
    await writeFile(journal, '00000000 {"type":"nonsense"}\n{}\n');

    const { exitCode, stderr } = await gen2(['status', 'shop', '--state', state]);

    expect(exitCode).toBe(9);
    expect(stderr).toContain('error[JOURNAL_DAMAGED]');
    expect(stderr).toContain('journal.jsonl:1');
  });
});

describe('gen2 approve', () => {
  test('lets an execution go on that waits in another process', async () => {
    const { state, engine, execution } = await running();
    const answer = execution.gate('approve-cutover', GATE);
    await vi.waitFor(async () => expect((await engine.list({}))[0]?.openGate).toBeDefined());

    const { exitCode, stdout } = await gen2(['approve', 'shop', '--state', state, '--comment', 'looks good']);

    expect(exitCode).toBe(0);
    expect(stdout).toContain('shop: Move the traffic: approved');
    expect(await answer).toEqual({ approved: true, by: 'tester', comment: 'looks good' });
    await execution.release();
  });

  test('--reject says no', async () => {
    const { state, engine, execution } = await running();
    const answer = execution.gate('approve-cutover', GATE);
    await vi.waitFor(async () => expect((await engine.list({}))[0]?.openGate).toBeDefined());

    await gen2(['approve', 'shop', '--reject', '--state', state]);

    expect(await answer).toEqual({ approved: false, by: 'tester' });
    await execution.release();
  });

  test('is refused when no gate is open', async () => {
    const { state, execution } = await running();

    const { exitCode, stderr } = await gen2(['approve', 'shop', '--state', state]);

    expect(exitCode).toBe(7);
    expect(stderr).toContain('error[EXECUTION_STATE] shop: no gate is waiting');
    await execution.release();
  });
});

describe('gen2 pause and resume', () => {
  test('hold a running execution before its next step and let it go on', async () => {
    const { state, execution } = await running();
    await gen2(['pause', 'shop', '--state', state]);
    let isDone = false;
    const step = execution.step('build', () => Promise.resolve((isDone = true)));

    const paused = await gen2(['status', 'shop', '--state', state]);
    const wasDoneWhilePaused = isDone;
    const resumed = await gen2(['resume', 'shop', '--state', state]);
    await step;

    expect(paused.stdout).toContain('paused in process');
    expect(wasDoneWhilePaused).toBe(false);
    expect(resumed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('goes on in process') as string });
    await execution.release();
  });
});

describe('gen2 report', () => {
  test('writes Markdown into a file', async () => {
    const { state, execution } = await running();
    await execution.finish('aborted');
    await execution.release();

    const { exitCode } = await gen2(['report', 'shop', '--state', state, '--markdown', '-o', join(state, 'report.md')]);

    expect(exitCode).toBe(0);
    expect(await readdir(state)).toContain('report.md');
  });

  test('writes one page with --html', async () => {
    const { state, execution } = await running();
    await execution.finish('aborted');
    await execution.release();

    const { stdout } = await gen2(['report', 'shop', '--state', state, '--html']);

    expect(stdout).toMatch(/^<!doctype html>/);
    expect(stdout).toContain('<title>Migration of shop on rack convox: aborted</title>');
  });

  test('--open leaves all forms beside the journal and gives the page to the browser named in BROWSER', async () => {
    const { state, execution } = await running();
    await execution.finish('aborted');
    await execution.release();
    const browser = join(state, 'browser.sh');
    await writeFile(browser, `#!/bin/sh\necho "$1" > '${state}/opened'\n`, { mode: 0o755 });

    const { exitCode, stdout } = await gen2(['report', 'shop', '--state', state, '--open'], {
      env: { BROWSER: browser },
    });

    const folder = join(state, 'convox', 'shop', execution.id);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`${pathToFileURL(join(folder, 'report.html')).href}\n`);
    await vi.waitFor(async () => expect(await readFile(join(state, 'opened'), 'utf8')).toBe(stdout));
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['report.html', 'report.json', 'report.md']));
  });

  test('--open says where the page is when there is no browser', async () => {
    const { state, execution } = await running();
    await execution.release();

    const { exitCode, stderr } = await gen2(['report', 'shop', '--state', state, '--open'], {
      env: { BROWSER: '/no/such/browser' },
    });

    expect(exitCode).toBe(2);
    expect(stderr).toContain('no browser could be started with /no/such/browser');
    expect(stderr).toContain('/report.html yourself');
  });

  test('refuses a file that cannot be written', async () => {
    const { state, execution } = await running();
    await execution.release();

    const { exitCode, stderr } = await gen2(['report', 'shop', '--state', state, '-o', join(state, 'no', 'report.md')]);

    expect(exitCode).toBe(6);
    expect(stderr).toContain('error[STATE_UNWRITABLE]');
  });
});
