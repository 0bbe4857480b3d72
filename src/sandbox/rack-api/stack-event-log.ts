import type { StackEvent } from '../model/stacks.ts';
import type { Api } from './api.ts';

const LOOK_EVERY_MS = 2_000;

/** Which events of which stack are in the log already. */
const written = new WeakMap<readonly StackEvent[], number>();

/**
 * Writes the events of an app's (or the rack's) stack into its log while somebody reads it, as standard racks do for
 * `--wait` (convox/rack@20260421192651 provider/aws/logs.go).
 */
export function followStackEvents(api: Api, stackName: string, logName: string, reading: AbortSignal): void {
  if (reading.aborted) return;
  writeNewEvents(api, stackName, logName);
  api.world.clock.after(LOOK_EVERY_MS, () => {
    followStackEvents(api, stackName, logName, reading);
  });
}

function writeNewEvents(api: Api, stackName: string, logName: string): void {
  const events = api.world.cloudFormation.find(stackName)?.events;
  if (events === undefined) return;
  const known = written.get(events) ?? 0;
  written.set(events, events.length);
  // What happened before anybody looked is in the past: it would all carry the time of now.
  const fresh = known === 0 ? [] : events.slice(known);
  for (const { logicalId, status, reason } of fresh) {
    api.log(logName, ['aws/cfm', stackName, status, logicalId, ...(reason === undefined ? [] : [reason])].join(' '));
  }
}
