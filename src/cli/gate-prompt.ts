import { createInterface } from 'node:readline/promises';
import type { Approver } from '../orchestrator/engines/recorded-execution.ts';
import type { Invocation } from './command.ts';
import { fit } from './output/style.ts';
import type { ProgressView } from './output/progress-view.ts';
import { asStream } from './terminal-stream.ts';

export interface GatePromptOptions {
  readonly invocation: Pick<Invocation, 'shell' | 'errorStyle'>;
  readonly app: string;
  readonly view: ProgressView;
}

/** True for the gate before the point of no return, which wants more than a `yes`. */
function isFinal(gate: string): boolean {
  return gate.includes('commit');
}

/**
 * Asks the person at this terminal. The question goes away as soon as somebody answered elsewhere; with no terminal to
 * ask on, the gate is left to `gen2 approve`.
 */
export function gatePrompt({ invocation, app, view }: GatePromptOptions): Approver | undefined {
  const { shell, errorStyle: style } = invocation;
  if (shell.stdin().isTTY !== true || !shell.stderr.isTTY) return undefined;
  return async (gate, _request, signal) => {
    const wanted = isFinal(gate) ? app : 'yes';
    view.hold();
    const terminal = createInterface({ input: shell.stdin(), output: asStream(shell.stderr), terminal: true });
    // In raw mode Ctrl-C arrives as a key and never as a signal.
    terminal.on('SIGINT', () => shell.interrupt('SIGINT'));
    try {
      for (;;) {
        const question = `${style.bold(`Type "${wanted}" to approve`)}, "no" to reject, or answer elsewhere with \`gen2 approve ${app}\`: `;
        const typed = (await terminal.question(fit(question, shell.stderr.columns()), { signal })).trim();
        if (typed === wanted) return { approved: true, by: shell.user };
        if (typed === 'no') return { approved: false, by: shell.user };
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      shell.stderr.write('\n');
      return undefined;
    } finally {
      terminal.close();
      view.release();
    }
  };
}
