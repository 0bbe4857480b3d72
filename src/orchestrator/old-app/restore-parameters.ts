import { MigrationError } from '../../errors.ts';
import { currentTry, failTry } from '../attempts.ts';
import type { TextMap } from '../ports.ts';
import { toDo, type Step } from '../step.ts';
import { restoredStack, type Restoration } from './restore-steps.ts';

const MINUTE = 60_000;
/** An update of an app's parameters replaces tasks, as a promotion does. */
const PARAMETERS_TIMEOUT_MS = 190 * MINUTE;

/**
 * Parameters that follow from the rack, the app's name or its release, not from what a person set
 * (convox/rack@20171213132441 provider/aws/formation/g1/app.json.tmpl).
 */
const DERIVED = new Set([
  ...['Cluster', 'Environment', 'Key', 'LogBucket', 'Rack', 'RackUrl', 'Release', 'Repository', 'Secure'],
  ...['Subnets', 'SubnetsPrivate', 'VPC', 'VPCCIDR', 'Version'],
]);
const LISTENER = /Port\d+Listener$/;

/** What was set by hand, and how many of what size; a listener keeps its host port, which goes by the app's name. */
export function parametersToSet(exported: TextMap, current: TextMap): TextMap {
  const changes: Record<string, string> = {};
  for (const [name, value] of Object.entries(exported)) {
    const now = current[name];
    if (now === undefined || DERIVED.has(name)) continue;
    const wanted = LISTENER.test(name) ? `${now.split(',')[0] ?? ''},${value.split(',')[1] ?? ''}` : value;
    if (wanted !== now) changes[name] = wanted;
  }
  return changes;
}

export function restoreParameters({ app, exported }: Restoration): Step {
  const wanted = Object.keys(exported.parameters).filter((name) => !DERIVED.has(name));
  return {
    id: 'restore-parameters',
    phase: 'restore',
    title: 'Set parameters and scale',
    expectedMs: 4 * MINUTE,
    plan: () => {
      const sizes = exported.services.map(({ name, count }) => `${name} × ${count}`);
      return toDo(`set what differs of ${wanted.length} parameters; ${sizes.join(', ')}`);
    },
    async run(context, signal) {
      const { rack, aws, clock } = context.ports;
      const current = await rack.apps.parameters(app, signal);
      const unknown = wanted.filter((name) => current[name] === undefined);
      if (unknown.length > 0) context.warn(`this rack's apps have no parameter ${unknown.join(', ')}; left out`);
      const thisTry = currentTry(context, 'set');
      // What it replaces is on the record before it is made.
      const { changes, at } = await context.once(`changes-${thisTry}`, () => {
        const wantedNow = parametersToSet(exported.parameters, current);
        const before = Object.fromEntries(Object.keys(wantedNow).map((name) => [name, current[name] ?? '']));
        return Promise.resolve({ changes: wantedNow, before, at: clock.now() });
      });
      if (Object.keys(changes).length === 0) return 'all parameters are as they were';
      await context.once(thisTry, async () => {
        await rack.apps.setParameters(app, changes, signal);
        return true;
      });
      const failure = await context.wait<Error | undefined>(
        async () => {
          const [stack, found, now] = await Promise.all([
            aws.findStack(restoredStack(context), signal),
            rack.apps.find(app, signal),
            rack.apps.parameters(app, signal),
          ]);
          const isSet = Object.entries(changes).every(([name, value]) => now[name] === value);
          if (isSet && stack?.status === 'UPDATE_COMPLETE' && found?.status === 'running')
            return { state: 'ready', value: undefined };
          if (stack !== undefined && /^UPDATE_ROLLBACK_(COMPLETE|FAILED)$/.test(stack.status) && !isSet) {
            const cause = await aws.firstCause(stack.arn, at, signal);
            return { state: 'ready', value: parametersFailed(app, stack.status, cause) };
          }
          return { state: 'pending', saw: stack?.status ?? 'no stack' };
        },
        { what: `parameters of ${app} to be in force`, timeoutMs: PARAMETERS_TIMEOUT_MS },
        signal,
      );
      if (failure !== undefined) await failTry(context, thisTry, failure);
      return `set ${Object.keys(changes).join(', ')}`;
    },
  };
}

function parametersFailed(app: string, status: string, cause: string | undefined): MigrationError {
  return new MigrationError(
    'STACK_FAILED',
    `parameters of ${app} were not taken (${status}): ${cause ?? 'no cause in its events'}`,
    {
      hint: 'Mend the cause (a certificate that is gone?), then run the same command again.',
      details: { app, status },
    },
  );
}
