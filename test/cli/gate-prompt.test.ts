import { describe, expect, test, vi } from 'vitest';
import { gatePrompt } from '../../src/cli/gate-prompt.ts';
import { PlainLines } from '../../src/cli/output/progress-view.ts';
import { styleFor } from '../../src/cli/output/style.ts';
import { testShell } from './support/test-shell.ts';

const REQUEST = { title: 'Go on?', shows: ['this'] };

function prompt({ isTTY = true } = {}) {
  const shell = testShell({ isTTY, env: { NO_COLOR: '1' } });
  const style = styleFor(shell.stderr, shell.env);
  const view = new PlainLines({ output: shell.stderr, style, verbosity: 'normal' });
  const approver = gatePrompt({ invocation: { shell, errorStyle: style }, app: 'shop', view });
  const elsewhere = new AbortController();
  return { shell, approver, elsewhere };
}

describe('a gate at a terminal', () => {
  test.each([
    ['approve-cutover', 'yes', true],
    ['approve-cutover', ' yes ', true],
    ['approve-cutover', 'no', false],
    ['approve-commit', 'shop', true],
    ['approve-commit', 'no', false],
  ])('%s is answered with "%s"', async (gate, typed, approved) => {
    const { shell, approver, elsewhere } = prompt();

    const answer = approver?.(gate, REQUEST, elsewhere.signal);
    shell.keyboard.write(`${typed}\r`);

    expect(await answer).toEqual({ approved, by: 'tester' });
  });

  test('the one before the point of no return wants the name of the app, and asks again', async () => {
    const { shell, approver, elsewhere } = prompt();

    const answer = approver?.('approve-commit', REQUEST, elsewhere.signal);
    shell.keyboard.write('yes\r');
    await vi.waitFor(() =>
      expect(shell.stderr.text.slice(shell.stderr.text.lastIndexOf('\n'))).toContain('Type "shop"'),
    );
    shell.keyboard.write('shop\r');

    expect(await answer).toEqual({ approved: true, by: 'tester' });
  });

  test('goes away when somebody answered elsewhere', async () => {
    const { approver, elsewhere } = prompt();

    const answer = approver?.('approve-cutover', REQUEST, elsewhere.signal);
    elsewhere.abort(new Error('answered elsewhere'));

    expect(await answer).toBeUndefined();
  });

  test('takes Ctrl-C as the wish to stop', async () => {
    const { shell, approver } = prompt();

    const answer = approver?.('approve-cutover', REQUEST, shell.signal);
    shell.keyboard.write('\u0003');

    expect(await answer).toBeUndefined();
    expect(shell.stoppedBy()).toBe('SIGINT');
  });
});

test('without a terminal nobody is asked', () => {
  const { approver } = prompt({ isTTY: false });

  expect(approver).toBeUndefined();
});
