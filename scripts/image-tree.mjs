// Builds the file tree of the container image: `node scripts/image-tree.mjs FOLDER`. docker/Dockerfile runs it, and so does
// test/docker/image.test.ts: what is tested is what is shipped.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.mjs';

const root = new URL('..', import.meta.url).pathname;

/** Fills `target`, which must be empty or absent, with what runs and nothing else; nobody may write to it. */
export function buildImageTree(target) {
  ensureBuilt();
  mkdirSync(target, { recursive: true });
  if (readdirSync(target).length > 0) throw new Error(`${target} is not empty`);
  for (const file of ['package.json', 'package-lock.json', '.npmrc', 'LICENSE'])
    cpSync(join(root, file), join(target, file));
  cpSync(join(root, 'docker/healthcheck.mjs'), join(target, 'healthcheck.mjs'));
  const isRun = (source) => !/\.d\.ts$|\.map$|\/\.built$/.test(source);
  cpSync(join(root, 'dist'), join(target, 'dist'), { recursive: true, filter: isRun });
  // Nothing that runs here needs a package's own install script.
  const install = [
    'ci',
    '--omit=dev',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-fund',
    '--no-audit',
    '--loglevel=error',
  ];
  execFileSync('npm', install, { cwd: target, stdio: ['ignore', 'ignore', 'inherit'] });
  rmSync(join(target, '.npmrc'));
  protect(target);
}

/** Readable by everybody, writable by nobody. */
function protect(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) continue;
    if (entry.isDirectory()) protect(path);
    else chmodSync(path, entry.name === 'main.js' ? 0o555 : 0o444);
  }
  chmodSync(folder, 0o555);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const target = process.argv[2];
  if (target === undefined) {
    console.error('usage: node scripts/image-tree.mjs FOLDER');
    process.exit(2);
  }
  buildImageTree(resolve(target));
}
