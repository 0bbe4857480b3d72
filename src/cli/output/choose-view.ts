import type { Clock } from '../../time/clock.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import type { Verbosity } from './event-text.ts';
import { LiveScreen } from './live-screen.ts';
import { JsonLines, PlainLines, type ProgressView } from './progress-view.ts';
import { fit } from './style.ts';

export function verbosityOf({ options }: Pick<Invocation, 'options'>): Verbosity {
  if (options.has(OPTIONS.quiet)) return 'quiet';
  return options.has(OPTIONS.verbose) ? 'verbose' : 'normal';
}

/**
 * The view for where stderr leads: a drawn screen on a terminal, JSON lines for programs, else plain lines. It also tells
 * the person that their wish to stop was heard.
 */
export function chooseView(invocation: Invocation, clock: Pick<Clock, 'now'>): ProgressView {
  const { shell, options } = invocation;
  const view = viewFor(invocation, clock);
  const tell = (): void => {
    if (options.has(OPTIONS.json)) return;
    view.hold();
    const text = `${shell.stoppedBy() ?? 'stop'}: stopping at the next safe point; once more stops at once\n`;
    shell.stderr.write(fit(text, shell.stderr.isTTY ? shell.stderr.columns() : undefined));
    view.release();
  };
  shell.signal.addEventListener('abort', tell, { once: true });
  return view;
}

function viewFor(invocation: Invocation, clock: Pick<Clock, 'now'>): ProgressView {
  const { shell, options, errorStyle: style } = invocation;
  const output = shell.stderr;
  const verbosity = verbosityOf(invocation);
  if (output.isTTY && shell.env['TERM'] !== 'dumb') return new LiveScreen({ output, style, verbosity, clock });
  return options.has(OPTIONS.json) ? new JsonLines(output) : new PlainLines({ output, style, verbosity });
}
