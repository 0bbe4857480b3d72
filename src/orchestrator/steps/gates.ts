import { environmentSays } from '../old-app/export-format.ts';
import type { Gate } from '../step.ts';
import { isCutOffAsked, showOldTraffic } from '../traffic/old-traffic.ts';

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
    return [
      await showOldTraffic(context, signal),
      ...facts.destroys.map((what) => `destroyed: ${what}`),
      `exported before: ${exports.location}`,
      environmentSays(settings),
      'POINT OF NO RETURN: the old app ends here; `gen2 restore-old` can make one anew from the export',
    ];
  },
};

/** Asked only when traffic came back to the old balancers after their deletion was agreed to, and did not end. */
export const approveCutOff: Gate = {
  id: 'approve-cut-off',
  phase: 'commit',
  title: 'Cut off who uses the old app again',
  isGate: true,
  isNeeded: isCutOffAsked,
  async shows(context, signal) {
    const { app } = context.facts;
    return [await showOldTraffic(context, signal), `POINT OF NO RETURN: agreeing deletes ${app} whoever still asks it`];
  },
};
