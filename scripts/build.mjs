// Compiles the library to dist/ and bundles the command to dist/cli/ when a source is newer than the last build.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ensureInstalled } from './install.mjs';

const root = new URL('..', import.meta.url).pathname;
const stamp = `${root}dist/.built`;

function newestSource() {
  const sources = readdirSync(`${root}src`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`);
  return Math.max(
    ...[
      ...sources,
      `${root}tsconfig.build.json`,
      `${root}package-lock.json`,
      `${root}scripts/bundle.mjs`,
      `${root}scripts/lean-packages.mjs`,
    ].map((file) => statSync(file).mtimeMs),
  );
}

/** Builds dist/ unless it is newer than every source. */
export function ensureBuilt() {
  ensureInstalled();
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newestSource()) return;
  rmSync(`${root}dist`, { recursive: true, force: true });
  console.error('Building …');
  for (const script of [['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], ['scripts/bundle.mjs']]) {
    execFileSync(process.execPath, script, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  }
  writeFileSync(stamp, '');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) ensureBuilt();
