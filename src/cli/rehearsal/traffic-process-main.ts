/** What runs in the process of the traffic generator: it does as it is told by messages, and ends with its parent. */
import { startTraffic, type RunningTraffic } from '../../sandbox/network/traffic/start-traffic.ts';
import { scaledClock } from '../../time/clock.ts';
import type { TrafficAnswer, TrafficOrder } from './traffic-process.ts';

let traffic: RunningTraffic | undefined;

// Ctrl-C reaches every process of a terminal; this one ends when its parent has had its last report.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => {
  process.exit(0);
});
process.on('message', (message) => {
  // The other end is `traffic-process.ts` of the same version.
  void obey(message as TrafficOrder);
});

async function obey(message: TrafficOrder): Promise<void> {
  if (message.order === 'start') {
    const { clock, ...options } = message.options;
    traffic = startTraffic({ ...options, clock: scaledClock(clock) });
  } else if (message.order === 'mark') {
    traffic?.mark(message.step);
  } else if (traffic !== undefined) {
    const report = message.order === 'stop' ? await traffic.stop() : traffic.snapshot();
    const answer: TrafficAnswer = { ticket: message.ticket, report };
    process.send?.(answer);
  }
}
