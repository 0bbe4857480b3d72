import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './support/folders.ts';
import { gen2 } from './support/test-shell.ts';

const isRequired = process.env['GEN2_REQUIRE_SHELLS'] === '1';

/** How each shell is asked what it offers for a line whose last word is being written. */
const ASK = {
  bash: (script: string, words: readonly string[]) =>
    `source ${script}; COMP_WORDS=(${words.map(quoted).join(' ')}); COMP_CWORD=${words.length - 1}; _gen2; printf '%s\\n' "\${COMPREPLY[@]}"`,
  // Its completion system needs a terminal; the functions it provides are stood in for.
  zsh: (script: string, words: readonly string[]) =>
    `compdef() { : }; _files() { : }; compadd() { shift; print -l -- "$@" }; source ${script}; words=(${words.map(quoted).join(' ')}); CURRENT=${words.length}; _gen2`,
  fish: (script: string, words: readonly string[]) => `source ${script}; complete -C ${quoted(words.join(' '))}`,
} as const;
type ShellName = keyof typeof ASK;

function quoted(text: string): string {
  return `'${text}'`;
}

function isThere(shell: ShellName): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

async function offered(shell: ShellName, words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await gen2(['completion', shell]);
  const script = join(await temporaryFolder(), `gen2.${shell}`);
  await writeFile(script, stdout);
  const flags = shell === 'bash' ? ['--norc'] : shell === 'zsh' ? ['-f'] : ['--no-config'];
  const run = spawnSync(shell, [...flags, '-c', ASK[shell](script, words)], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  return run.stdout.split('\n').map((line) => line.split('\t')[0] ?? line);
}

describe.each(['bash', 'zsh', 'fish'] as const)('%s', (shell) => {
  test.runIf(isRequired || isThere(shell))('offers commands, second words and options', async () => {
    expect(await offered(shell, ['gen2', 'sta'])).toContain('status');
    expect(await offered(shell, ['gen2', 'dns', ''])).toEqual(expect.arrayContaining(['show', 'switch', 'restore']));
    expect(await offered(shell, ['gen2', 'status', '--wa'])).toContain('--watch');
  });

  test.runIf(isRequired || isThere(shell))('offers no option of another command', async () => {
    expect(await offered(shell, ['gen2', 'status', '--'])).not.toContain('--reject');
  });
});
