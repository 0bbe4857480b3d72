// One run of a migration in a process of its own, to be killed: begins it, or goes on where an earlier run was killed.
// Takes its orders as JSON in GEN2_KILL_CHILD; the exit code is 0 when the migration succeeded.
import { dnsResolver } from '../../dist/aws/dns/resolver.js';
import { publicNetwork } from '../../dist/aws/network.js';
import { connect } from '../../dist/connect/connect.js';
import { exportFolder } from '../../dist/connect/folders.js';
import { LocalEngine } from '../../dist/orchestrator/engines/local/local-engine.js';
import { resumeMigration, startMigration } from '../../dist/orchestrator/migrate.js';
import { scaledClock } from '../../dist/time/clock.js';

const { rackUrl, password, awsUrl, credentials, versionsUrl, access, state, sourceFolder, killAtWrite } = JSON.parse(
  process.env['GEN2_KILL_CHILD'] ?? '{}',
);
const clock = scaledClock(access);
const inside = publicNetwork({ resolver: dnsResolver({ servers: [access.vpcDns] }) });
const signal = new AbortController().signal;
const connection = await connect(
  {
    rack: { url: rackUrl, password, versionsUrl },
    aws: { endpoint: awsUrl, credentials },
    clock,
    network: {
      network: {
        lookup: (name, stop) => inside.lookup(name, stop),
        port: (standard) => access.ports[standard],
        ca: access.caPem,
      },
      resolver: dnsResolver({ servers: [access.publicDns] }),
      resolverFor: (address) =>
        dnsResolver({ servers: [address.includes(':') ? address : `${address}:${access.dnsPort}`] }),
      publicResolvers: [access.publicDns],
    },
  },
  signal,
);

// The journal asks its clock for the time right before it writes a line: there it dies, if told to.
let writes = 0;
const journalClock = {
  now: () => {
    writes += 1;
    if (writes === killAtWrite) process.kill(process.pid, 'SIGKILL');
    return clock.now();
  },
  sleep: (ms, stop) => clock.sleep(ms, stop),
};
const exists = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const engine = new LocalEngine({
  state,
  clock: journalClock,
  process: { pid: process.pid, exists },
  approver: () => Promise.resolve({ approved: true, by: 'kill test' }),
});
const request = {
  ports: connection.ports,
  engine,
  exportTo: (execution) => exportFolder(`${state}/export-${execution}`),
};
try {
  const [unfinished] = await engine.list({ app: 'shop' });
  const result =
    unfinished === undefined
      ? await startMigration({ ...request, settings: { app: 'shop', sourceFolder } }, signal)
      : unfinished.outcome === undefined
        ? await resumeMigration({ ...request, filter: { app: 'shop' } }, signal)
        : unfinished;
  process.stdout.write(`${JSON.stringify({ outcome: result.outcome, writes })}\n`);
  process.exitCode = result.outcome === 'succeeded' ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error.code ?? ''} ${error.stack}\n`);
  process.exitCode = 2;
} finally {
  connection.close();
}
