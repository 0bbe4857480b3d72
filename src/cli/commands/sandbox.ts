import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EXIT_CODES, MigrationError } from '../../errors.ts';
import { writeShopSource } from '../../sandbox/scenario/shop-source.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import type { Invocation } from '../command.ts';
import { given } from '../given.ts';
import { OPTIONS } from '../options/options.ts';
import { handleMails } from '../sandbox-mails.ts';

const DEFAULT_SCALE = 60;

/** Starts the sandbox and keeps it running until it is told to stop. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, style } = invocation;
  if (options.has(OPTIONS.mail)) return handleMails(invocation);
  await writeSource(invocation);
  const sandbox = await startSandbox({
    ...given('seed', options.get(OPTIONS.seed)),
    ...given('rackVersion', options.get(OPTIONS.rackVersion)),
    ...given('chaos', options.get(OPTIONS.chaos)),
    scale: options.get(OPTIONS.scale) ?? DEFAULT_SCALE,
    // So that every command finds what it asks for; a rehearsal switches it on itself, as a step.
    rackParameters: { Internal: 'Yes' },
  });
  try {
    if (options.has(OPTIONS.json)) printRaw(invocation, `${JSON.stringify({ ready: true, env: sandbox.env })}\n`);
    else {
      const exports = Object.entries(sandbox.env).map(([name, value]) => `export ${name}=${quoted(value)}`);
      printRaw(invocation, `${exports.join('\n')}\n`);
      shell.stderr.write(
        [
          `${style.bold('The sandbox runs')}: an app "shop" on a rack, AWS, DNS and balancers; Ctrl-C ends it.`,
          'Paste the lines above into another terminal. Then, for example:',
          '  gen2 balancers --internal',
          `  gen2 plan shop --source ${options.get(OPTIONS.sourceTo) ?? '<folder of --source-to>'}`,
          '  gen2 sandbox --mail',
          '',
        ].join('\n'),
      );
    }
    await untilStopped(shell.signal);
    return EXIT_CODES.ok;
  } finally {
    await sandbox.close();
  }
}

/** Into a folder of its own: nothing there is written over. @throws {MigrationError} `USAGE`. */
async function writeSource({ shell, options }: Invocation): Promise<void> {
  const given = options.get(OPTIONS.sourceTo);
  if (given === undefined) return;
  const folder = resolve(shell.cwd, given);
  try {
    await mkdir(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new MigrationError('USAGE', `--source-to ${given}: the folder cannot be made (${code})`, {
      hint: 'Name a folder that does not exist yet, inside one that does.',
      cause: error,
    });
  }
  await writeShopSource(folder);
}

/** The sandbox's own password and keys open nothing but this sandbox, and are what was asked for. */
function printRaw({ secrets, shell }: Invocation, text: string): void {
  secrets.allowing(() => shell.stdout.write(text));
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
