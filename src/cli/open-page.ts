import { spawn } from 'node:child_process';
import { MigrationError } from '../errors.ts';
import type { Shell } from './shell.ts';

/** What opens a page where `BROWSER` names nothing (xdg-utils; macOS open(1); Windows start through its own shell). */
const OPENERS: Partial<Readonly<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/**
 * Opens a file in the person's browser: the command in `BROWSER`, else the system's own. Does not wait until it is closed.
 *
 * @throws {MigrationError} `USAGE` when there is nothing to open it with.
 */
export function openPage(url: string, { env }: Pick<Shell, 'env'>): Promise<void> {
  const named = env['BROWSER'];
  const [command, ...args] =
    named !== undefined && named !== '' ? [named] : (OPENERS[process.platform] ?? ['xdg-open']);
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
    child.once('error', () =>
      reject(
        new MigrationError('USAGE', `no browser could be started with ${command}`, {
          hint: `Name one in BROWSER, or open ${url} yourself.`,
        }),
      ),
    );
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}
