// `npm start`: installs if needed, builds if needed, and rehearses a migration on the embedded sandbox.
import { spawn } from 'node:child_process';
import { ensureBuilt } from './build.mjs';

ensureBuilt();
const main = new URL('../dist/cli/main.js', import.meta.url).pathname;
const child = spawn(process.execPath, [main, 'rehearse', ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 128 + (signal === 'SIGINT' ? 2 : 15);
});
