import { toDo, type Step } from '../step.ts';
import { deleteTemporaryApp } from './commit.ts';
import { waitForTraffic } from './confirm-traffic.ts';

const MINUTE = 60_000;

export const confirmFinalTraffic: Step = {
  id: 'confirm-final-traffic',
  phase: 'commit',
  title: 'Confirm the traffic at the final app',
  expectedMs: 4 * MINUTE,
  plan: ({ facts }) => toDo(`wait until requests arrive at ${facts.app}`),
  run: (context, signal) => {
    const since = context.recorded('verified-at', deleteTemporaryApp.id);
    const found = { app: context.facts.app, old: [], ...(typeof since === 'number' ? { since } : {}) };
    return waitForTraffic(context, found, signal);
  },
};
