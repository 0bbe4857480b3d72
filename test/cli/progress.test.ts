import { describe, expect, test } from 'vitest';
import type { Verbosity } from '../../src/cli/output/event-text.ts';
import { LiveScreen } from '../../src/cli/output/live-screen.ts';
import { JsonLines, PlainLines } from '../../src/cli/output/progress-view.ts';
import { styleFor } from '../../src/cli/output/style.ts';
import { at, finished, START, started, waiting } from './support/events.ts';
import { Screen } from './support/screen.ts';
import { Written } from './support/test-shell.ts';

const PLAIN = styleFor(new Written(), {});

function live({
  width = 80,
  colour = false,
  verbosity = 'normal',
}: { width?: number; colour?: boolean; verbosity?: Verbosity } = {}) {
  const output = new Written({ isTTY: true, width });
  const now = { at: START };
  let tick = (): void => undefined;
  const view = new LiveScreen({
    output,
    verbosity,
    style: styleFor(output, colour ? {} : { NO_COLOR: '1' }),
    clock: { now: () => now.at },
    startTicking: (callback) => {
      tick = callback;
      return () => undefined;
    },
  });
  const shown = (): readonly string[] => {
    const screen = new Screen(output.width);
    for (const text of output.writes) screen.write(text);
    return screen.text;
  };
  return { view, output, shown, passSeconds: (s: number) => (now.at += s * 1000), tick: () => tick() };
}

describe('the live screen', () => {
  test('shows one line for a running step: what is awaited, what was seen, how long', () => {
    const { view, shown, passSeconds } = live();

    view.show(started('deploy', 0));
    passSeconds(75);
    view.show(waiting('deploy', 75, 'CREATE_IN_PROGRESS'));

    expect(shown()).toEqual(['prepare:', '⠋ deploy the stack: CREATE_IN_PROGRESS 1 s']);
  });

  test('counts a wait on from when it began, beside how long it may last', () => {
    const { view, shown, passSeconds, tick } = live();

    view.show(started('deploy', 0));
    view.show(waiting('deploy', 60, 'CREATE_IN_PROGRESS', { elapsedMs: 20_000, timeoutMs: 2_700_000 }));
    passSeconds(115);
    tick();

    expect(shown()).toEqual(['prepare:', '⠙ deploy the stack: CREATE_IN_PROGRESS 1 min 15 s of 45 min']);
  });

  test('puts what ended into the log above, and draws the next step below', () => {
    const { view, shown, passSeconds } = live();

    view.show(started('build', 0));
    view.show(waiting('build', 1, 'running'));
    passSeconds(60);
    view.show(finished('build', 60, 'build B1 made'));
    view.show(started('deploy', 60));

    expect(shown()).toEqual(['prepare:', '✓ build: build B1 made (1 min)', '⠋ deploy Title of deploy 0 ms']);
  });

  test('counts on while nothing happens', () => {
    const { view, shown, passSeconds, tick } = live();

    view.show(started('build', 0));
    passSeconds(5);
    tick();

    expect(shown()).toEqual(['prepare:', '⠙ build Title of build 5 s']);
  });

  test('never makes a line longer than a narrow terminal, and keeps the age', () => {
    const { view, shown, passSeconds } = live({ width: 40 });

    view.show(started('promote', 0));
    view.show(started('confirm-the-traffic-at-the-final-application', 0));
    passSeconds(3725);
    view.show(waiting('promote', 3725, 'certificate for a very long name indeed', { elapsedMs: 3_725_000 }));

    const lines = shown();
    expect(lines).toEqual([
      'prepare:',
      '⠋ promote the stack: certifi… 1 h 2 min',
      '⠋ confirm-the-traffic-at-the… 1 h 2 min',
    ]);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
  });

  test('blanks nothing in between: each drawing is one write that overwrites', () => {
    const { view, output } = live();
    view.show(started('build', 0));
    const before = output.writes.length;

    view.show(waiting('build', 1, 'running'));

    expect(output.writes.length).toBe(before + 1);
    expect(output.writes.at(-1)?.startsWith('\r\u001b[1A')).toBe(true);
    expect(output.writes.at(-1)).not.toContain('\u001b[2J');
  });

  test('finds its lines again in a window that was made narrower', () => {
    const { view, output, passSeconds, tick } = live({ width: 60 });
    view.show(started('promote', 0));
    view.show(waiting('promote', 1, 'certificate for a very long name indeed'));
    output.width = 30;
    passSeconds(1);

    tick();

    expect(output.writes.at(-1)?.startsWith('\r\u001b[2A')).toBe(true);
  });

  test('makes room for a prompt and comes back after it', () => {
    const { view, output, shown } = live();

    view.show(started('build', 0));
    view.hold();
    output.write('Type "yes": \n');
    view.release();

    expect(shown()).toEqual(['prepare:', 'Type "yes":', '⠋ build Title of build 0 ms']);
  });

  test('is not put out by a terminal that shows ^C', () => {
    const { view, output, shown } = live();

    view.show(started('build', 0));
    output.write('^C');
    view.hold();
    output.write('SIGINT: stopping\n');

    expect(shown()).toEqual(['prepare:', 'SIGINT: stopping']);
  });

  test('leaves only the log when it is closed', () => {
    const { view, shown } = live();

    view.show(at(0, { type: 'warning', step: 'build', message: 'mind this' } as const));
    view.show(started('build', 0));
    view.close();

    expect(shown().filter((line) => line !== '')).toEqual(['! mind this', 'prepare:']);
  });

  test('shows the last line of a build log in its line, and all of them only with --verbose', () => {
    const normal = live();
    const verbose = live({ verbosity: 'verbose' });
    const log = at(1, { type: 'log', step: 'build', line: 'Step 1/3 : FROM nginx' } as const);

    for (const { view } of [normal, verbose]) {
      view.show(started('build', 0));
      view.show(log);
    }

    expect(normal.shown()).toEqual(['prepare:', '⠋ build Step 1/3 : FROM nginx 0 ms']);
    expect(verbose.shown()[1]).toBe('  | Step 1/3 : FROM nginx');
  });

  test('is drawn in colours on a terminal, and without any under NO_COLOR', () => {
    const coloured = live({ colour: true });
    const plain = live();

    for (const { view } of [coloured, plain]) view.show(finished('build', 0));

    expect(coloured.output.text).toContain('\u001b[32m✓');
    expect(plain.output.text).not.toContain('\u001b[32m');
  });

  test('with --quiet draws nothing that moves', () => {
    const { view, output } = live({ verbosity: 'quiet' });

    view.show(started('build', 0));
    view.show(waiting('build', 1, 'running'));
    view.show(finished('build', 2));

    expect(output.text).toBe('');
  });
});

describe('plain lines', () => {
  function plainLines(verbosity: 'normal' | 'quiet' | 'verbose' = 'normal') {
    const output = new Written();
    return { output, view: new PlainLines({ output, style: PLAIN, verbosity }) };
  }

  test('only grow, each with its time', () => {
    const { view, output } = plainLines();

    view.show(started('build', 0));
    view.show(waiting('build', 12, 'running', { elapsedMs: 12_000, timeoutMs: 60_000 }));
    view.show(finished('build', 75, 'build B1 made'));

    expect(output.text.split('\n')).toEqual([
      '09:00:00 prepare:',
      '09:00:00 → Title of build: do build',
      '09:00:12   build waits for the stack: running (12 s of 1 min)',
      '09:01:15 ✓ build: build B1 made (1 min 15 s)',
      '',
    ]);
  });

  test('tell the same wait again only after a minute', () => {
    const { view, output } = plainLines();

    for (const second of [0, 20, 40, 59, 61]) view.show(waiting('build', second, 'running'));
    view.show(waiting('build', 62, 'complete'));

    expect(output.text.match(/running/g)).toHaveLength(2);
    expect(output.text.match(/complete/g)).toHaveLength(1);
  });

  test('hold no escape sequence', () => {
    const { view, output } = plainLines('verbose');

    view.show(started('build', 0));
    view.show(at(1, { type: 'log', step: 'build', line: 'Step 1/3' } as const));
    view.show(finished('build', 2));

    expect(output.text).not.toContain('\u001b');
  });

  test('with --quiet tell warnings, gates and ends, nothing else', () => {
    const { view, output } = plainLines('quiet');

    view.show(started('build', 0));
    view.show(waiting('build', 1, 'running'));
    view.show(at(2, { type: 'warning', step: 'build', message: 'mind this' } as const));
    view.show(at(3, { type: 'gate-opened', gate: 'g', title: 'Go?', shows: ['this', 'and that'] } as const));
    view.show(at(4, { type: 'execution-finished', outcome: 'aborted' } as const));

    expect(output.text.split('\n')).toEqual([
      '09:00:02 ! mind this',
      '09:00:03 ? Go?',
      '             this',
      '             and that',
      '09:00:04 aborted: the old app is as it was',
      '',
    ]);
  });
});

describe('JSON lines', () => {
  test('are the events, one a line, with the level, time and message a log collector looks for', () => {
    const output = new Written();
    const view = new JsonLines(output);
    const events = [
      started('build', 0),
      at(1, { type: 'step-failed', step: 'build', code: 'BUILD_FAILED', message: 'no base image' } as const),
      waiting('deploy', 2, 'running'),
    ];

    for (const event of events) view.show(event);

    expect(
      output.text
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      { level: 30, time: START, msg: '→ Title of build: do build', ...events[0] },
      { level: 50, time: START + 1000, msg: '✗ build: [BUILD_FAILED] no base image', ...events[1] },
      { level: 20, time: START + 2000, msg: 'deploy waits for the stack: running', ...events[2] },
    ]);
  });
});
