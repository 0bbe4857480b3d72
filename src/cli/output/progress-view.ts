import type { MigrationEvent } from '../../orchestrator/events.ts';
import { formatDuration } from '../../time/wait.ts';
import type { Output } from '../shell.ts';
import { eventText, phaseText, type Verbosity } from './event-text.ts';
import { jsonLine } from './json-line.ts';
import { StepTracker } from './step-tracker.ts';
import type { Style } from './style.ts';

/** Shows a running execution to a person or a program. */
export interface ProgressView {
  show(event: MigrationEvent): void;
  /** Clears what is redrawn, so that somebody else (a prompt) can have the last lines. */
  hold(): void;
  release(): void;
  /** Ends it; what was logged stays. */
  close(): void;
}

/** One JSON object a line, for programs and log collectors. */
export class JsonLines implements ProgressView {
  readonly #output: Output;
  constructor(output: Output) {
    this.#output = output;
  }
  show(event: MigrationEvent): void {
    this.#output.write(jsonLine(event));
  }
  hold(): void {
    // nothing is redrawn
  }
  release(): void {
    // nothing is redrawn
  }
  close(): void {
    // nothing is redrawn
  }
}

/** A wait that shows the same thing is repeated this often, ms of the execution's clock. */
const REPEAT_MS = 60_000;

/** Lines that only grow, for log files and pipes. */
export class PlainLines implements ProgressView {
  readonly #output: Output;
  readonly #style: Style;
  readonly #verbosity: Verbosity;
  readonly #tracker = new StepTracker();
  readonly #told = new Map<string, { readonly text: string; readonly at: number }>();

  constructor({ output, style, verbosity }: { output: Output; style: Style; verbosity: Verbosity }) {
    this.#output = output;
    this.#style = style;
    this.#verbosity = verbosity;
  }

  show(event: MigrationEvent): void {
    const phase = this.#tracker.beginsPhase(event);
    if (phase !== undefined) this.#say(event, phaseText(phase, { style: this.#style, verbosity: this.#verbosity }));
    const text =
      event.type === 'waiting'
        ? this.#waitText(event)
        : eventText(event, this.#tracker.follow(event), { style: this.#style, verbosity: this.#verbosity });
    this.#say(event, text);
  }

  hold(): void {
    // nothing is redrawn
  }
  release(): void {
    // nothing is redrawn
  }
  close(): void {
    // nothing is redrawn
  }

  #say({ at }: MigrationEvent, text: string | undefined): void {
    if (text === undefined) return;
    const time = this.#style.dim(new Date(at).toISOString().slice(11, 19));
    this.#output.write(`${time} ${text.replaceAll('\n', `\n${' '.repeat(9)}`)}\n`);
  }

  #waitText(event: Extract<MigrationEvent, { type: 'waiting' }>): string | undefined {
    if (this.#verbosity === 'quiet') return undefined;
    const text = `  ${event.step} waits for ${event.what}: ${event.saw}`;
    const told = this.#told.get(event.step);
    if (told?.text === text && event.at - told.at < REPEAT_MS) return undefined;
    this.#told.set(event.step, { text, at: event.at });
    const limit = event.timeoutMs === undefined ? '' : ` of ${formatDuration(event.timeoutMs)}`;
    return `${text} ${this.#style.dim(`(${formatDuration(event.elapsedMs)}${limit})`)}`;
  }
}
