// `npm test`: installs and builds if needed, then runs the test suite (arguments are passed on to vitest).
import { spawnSync } from 'node:child_process';
import { ensureBuilt } from './build.mjs';

ensureBuilt();
const root = new URL('..', import.meta.url).pathname;
const args = process.argv.slice(2);
const coverage = args.length === 0 ? ['--coverage'] : [];
const run = spawnSync(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, 'run', ...coverage, ...args], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.exitCode = run.status ?? 1;
