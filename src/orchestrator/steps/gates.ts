import type { Gate } from '../step.ts';

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
  shows({ facts, exports }) {
    return Promise.resolve([
      `${facts.temporaryApp} serves all traffic of ${facts.app}`,
      ...facts.destroys.map((what) => `destroyed: ${what}`),
      `exported before: ${exports.location}`,
      'POINT OF NO RETURN: after this the old app cannot come back; DNS cannot be put back',
    ]);
  },
};
