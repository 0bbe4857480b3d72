// `npm run test:kill`: kills a migration at every point and resumes it. `-- --sample N` takes N points at random,
// `-- --point after-3` only that one (may be repeated), `-- --engine dbos` kills the working one of two workers.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './build.mjs';

const { values } = parseArgs({
  options: {
    sample: { type: 'string', default: 'all' },
    point: { type: 'string', multiple: true, default: [] },
    engine: { type: 'string', default: 'local' },
  },
});
ensureBuilt();
const root = new URL('..', import.meta.url).pathname;
const suite = `test/kill/kill-${values.engine}.test.ts`;
const run = spawnSync(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, 'run', suite], {
  cwd: root,
  env: { ...process.env, GEN2_KILL_SAMPLE: values.sample, GEN2_KILL_POINTS: values.point.join(',') },
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.exitCode = run.status ?? 1;
