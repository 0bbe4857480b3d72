// `npm run check`: everything CI does, in the order that fails fastest.
import { spawnSync } from 'node:child_process';
import { ensureBuilt } from './build.mjs';

ensureBuilt();
for (const script of ['format:check', 'lint', 'typecheck', 'test']) {
  const run = spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit', shell: process.platform === 'win32' });
  if (run.status !== 0) {
    console.error(`npm run check: "${script}" failed`);
    process.exit(run.status ?? 1);
  }
}
