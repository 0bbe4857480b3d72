// `npm run test:kill`: kills a migration at every point and resumes it; `-- --sample N` takes N points at random.
import { spawnSync } from 'node:child_process';
import { ensureBuilt } from './build.mjs';

ensureBuilt();
const root = new URL('..', import.meta.url).pathname;
const at = process.argv.indexOf('--sample');
const sample = at < 0 ? 'all' : (process.argv[at + 1] ?? 'all');
const run = spawnSync(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, 'run', 'test/kill'], {
  cwd: root,
  env: { ...process.env, GEN2_KILL_SAMPLE: sample },
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.exitCode = run.status ?? 1;
