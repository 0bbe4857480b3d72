// What the children of the kill tests have in common: their orders, and a connection with the sandbox.
import { dnsResolver } from '../../dist/aws/dns/resolver.js';
import { publicNetwork } from '../../dist/aws/network.js';
import { connect } from '../../dist/connect/connect.js';
import { scaledClock } from '../../dist/time/clock.js';

/** What `startChild` was given. */
export const orders = JSON.parse(process.env['GEN2_KILL_CHILD'] ?? '{}');

export const clock = scaledClock(orders);

export function connectChild() {
  const inside = publicNetwork({ resolver: dnsResolver({ servers: [orders.vpcDns] }) });
  return connect(
    {
      rack: { url: orders.rackUrl, password: orders.password, versionsUrl: orders.versionsUrl },
      aws: { endpoint: orders.awsUrl, credentials: orders.credentials },
      clock,
      network: {
        network: {
          lookup: (name, stop) => inside.lookup(name, stop),
          port: (standard) => orders.ports[standard],
          ca: orders.caPem,
        },
        resolver: dnsResolver({ servers: [orders.publicDns] }),
        resolverFor: (address) =>
          dnsResolver({ servers: [address.includes(':') ? address : `${address}:${orders.dnsPort}`] }),
        publicResolvers: [orders.publicDns],
      },
    },
    new AbortController().signal,
  );
}

/** An engine asks its clock for the time right before it writes a line: `onWrite` hears how many that makes. */
export function countingClock(onWrite) {
  let writes = 0;
  return {
    now: () => {
      writes += 1;
      onWrite(writes);
      return clock.now();
    },
    monotonic: () => clock.monotonic(),
    sleep: (ms, stop) => clock.sleep(ms, stop),
    writes: () => writes,
  };
}
