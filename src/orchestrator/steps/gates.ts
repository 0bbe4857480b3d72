import { environmentSays } from '../old-app/export-format.ts';
import type { Gate } from '../step.ts';
import { oldTrafficNow } from './confirm-traffic.ts';

export const approveCutover: Gate = {
  id: 'approve-cutover',
  phase: 'cutover',
  title: 'Move the traffic to the new app',
  isGate: true,
  shows({ facts }) {
    const { changes, notices } = facts.dns;
    return Promise.resolve([
      `${facts.temporaryApp} is verified beside ${facts.app}; users have seen nothing yet`,
      ...changes.map(({ name, type, before, after }) => `${name} ${type}: ${before} → ${after}`),
      ...notices,
      'way back: `gen2 rollback` puts the records back as they were',
    ]);
  },
};

export const approveCommit: Gate = {
  id: 'approve-commit',
  phase: 'commit',
  title: 'Delete the old app',
  isGate: true,
  async shows(context, signal) {
    const { facts, settings, exports } = context;
    const stillOld = await oldTrafficNow(context, signal);
    return [
      stillOld === undefined
        ? `${facts.temporaryApp} serves all traffic of ${facts.app}`
        : `THE OLD BALANCERS ARE STILL USED, agreeing cuts that off: ${stillOld}`,
      ...facts.destroys.map((what) => `destroyed: ${what}`),
      `exported before: ${exports.location}`,
      environmentSays(settings),
      'POINT OF NO RETURN: the old app ends here; `gen2 restore-old` can make one anew from the export',
    ];
  },
};
