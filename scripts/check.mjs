// `npm run check`: everything CI does, in the order that fails fastest.
import { spawnSync } from 'node:child_process';
import { ensureBuilt } from './build.mjs';

/** All but the tests, which compare the codes of errors with docs/errors.md and run every block of the guides. */
const STATIC_CHECKS = ['format:check', 'check:links', 'lint', 'typecheck', 'check:unused', 'check:package'];

const isStatic = process.argv.includes('--static');
ensureBuilt();
for (const script of [...STATIC_CHECKS, ...(isStatic ? [] : ['test'])]) {
  const run = spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit', shell: process.platform === 'win32' });
  if (run.status !== 0) {
    console.error(`npm run check: "${script}" failed`);
    process.exit(run.status ?? 1);
  }
}
