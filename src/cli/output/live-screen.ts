import type { MigrationEvent } from '../../orchestrator/events.ts';
import type { Clock } from '../../time/clock.ts';
import { formatDuration } from '../../time/wait.ts';
import type { Output } from '../shell.ts';
import { eventText, phaseText, type Verbosity } from './event-text.ts';
import type { ProgressView } from './progress-view.ts';
import { StepTracker, type RunningStep } from './step-tracker.ts';
import { clip, fit, widthOf, type Style } from './style.ts';

export interface LiveScreenOptions {
  /** A terminal. */
  readonly output: Output;
  readonly style: Style;
  readonly verbosity: Verbosity;
  /** Of the execution: a step's age is counted on it. */
  readonly clock: Pick<Clock, 'now'>;
  /** Calls back regularly until the returned function is called; default every 250 ms. */
  readonly startTicking?: (tick: () => void) => () => void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
// From the first column: a terminal that echoed ^C has moved on.
const UP = (lines: number): string => (lines === 0 ? '' : `\r\u001b[${lines}A`);
const TO_END_OF_LINE = '\u001b[K';
const TO_END_OF_SCREEN = '\u001b[J';

/** The log above, and below it one line for each running step, redrawn in place. */
export class LiveScreen implements ProgressView {
  readonly #options: LiveScreenOptions;
  readonly #tracker = new StepTracker();
  readonly #stopTicking: () => void;
  #frame = 0;
  /** Widths of the lines of the last drawing, still on the screen above the cursor. */
  #drawn: readonly number[] = [];
  #isHeld = false;

  constructor(options: LiveScreenOptions) {
    this.#options = options;
    this.#stopTicking = (options.startTicking ?? tickRegularly)(() => {
      this.#frame += 1;
      if (!this.#isHeld && this.#tracker.running.length > 0) this.#draw('');
    });
  }

  show(event: MigrationEvent): void {
    const phase = this.#tracker.beginsPhase(event);
    const heading = phase === undefined ? undefined : phaseText(phase, this.#options);
    if (heading !== undefined) this.#draw(`${heading}\n`);
    const tookMs = this.#tracker.follow(event);
    // A step that begins is seen in its own line; its end is what stays in the log.
    const isDrawn = event.type === 'step-started' || event.type === 'undo-started';
    const text = isDrawn ? undefined : eventText(event, tookMs, this.#options);
    if (text === undefined && this.#isHeld) return;
    this.#draw(text === undefined ? '' : `${text}\n`);
  }

  hold(): void {
    this.#isHeld = true;
    this.#draw('');
  }

  release(): void {
    this.#isHeld = false;
    this.#draw('');
  }

  close(): void {
    this.#stopTicking();
    this.hold();
  }

  /** One write for all of it, overwriting line by line: nothing is blank in between, so nothing flickers. */
  #draw(log: string): void {
    const { output, verbosity } = this.#options;
    const lines = this.#isHeld || verbosity === 'quiet' ? [] : this.#tracker.running.map((step) => this.#line(step));
    const body = `${fit(log, output.columns())}${lines.map((line) => `${line}\n`).join('')}`.replaceAll(
      '\n',
      `${TO_END_OF_LINE}\n`,
    );
    const text = `${UP(this.#rowsDrawn())}${body}${this.#drawn.length > 0 ? TO_END_OF_SCREEN : ''}`;
    this.#drawn = lines.map(widthOf);
    if (text !== '') output.write(text);
  }

  /** A window made narrower in between has broken long lines into several rows. */
  #rowsDrawn(): number {
    const columns = Math.max(1, this.#options.output.columns());
    return this.#drawn.reduce((rows, width) => rows + Math.max(1, Math.ceil(width / columns)), 0);
  }

  #line(step: RunningStep): string {
    const { output, style, clock } = this.#options;
    // One column less than there is: a full line makes some terminals wrap.
    const width = output.columns() - 1;
    const spinner = FRAMES[this.#frame % FRAMES.length] ?? '';
    const age = ageOf(step, clock.now(), width);
    const head = clip(`${spinner} ${step.id}`, Math.max(4, width - age.length - 1));
    const seen = whatIsSeen(step);
    const room = width - widthOf(head) - age.length - 2;
    const middle = room < 6 || seen === '' ? '' : ` ${style.dim(clip(seen, room))}`;
    return `${style.cyan(head)}${middle} ${age}`;
  }
}

/** Narrower than this there is no room for the time a wait may last. */
const WIDE = 60;

/** How long its wait lasts and may last; of a step that awaits nothing, how long it runs. */
function ageOf({ startedAt, waiting }: RunningStep, now: number, width: number): string {
  const age = formatDuration(Math.max(0, now - (waiting?.startedAt ?? startedAt)));
  return waiting?.timeoutMs === undefined || width < WIDE ? age : `${age} of ${formatDuration(waiting.timeoutMs)}`;
}

function whatIsSeen({ waiting, lastLog, title }: RunningStep): string {
  if (waiting !== undefined) return `${waiting.what}: ${waiting.saw}`;
  return lastLog ?? title;
}

const TICK_MS = 250;

function tickRegularly(tick: () => void): () => void {
  const timer = setInterval(tick, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
