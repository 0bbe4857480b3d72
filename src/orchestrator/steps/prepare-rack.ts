import { MigrationError } from '../../errors.ts';
import { growingPace, type Observation } from '../../time/wait.ts';
import type { RackFacts } from '../ports.ts';
import { currentTry, failTry } from '../attempts.ts';
import { alreadyDone, toDo, type Step, type StepContext } from '../step.ts';

const MINUTE = 60_000;
/** A rack update takes "up to 15 minutes", with the API away in between; two are allowed before it is called stuck. */
export const RACK_UPDATE_TIMEOUT_MS = 60 * MINUTE;
const RACK_PACE = growingPace({ firstMs: 2_000, everyMs: 2_000 });

/** Updates the rack itself when the user asked for it. Not undone: a rack cannot go back to an older version. */
export const updateRack: Step = {
  id: 'update-rack',
  phase: 'prepare',
  title: 'Update the rack',
  expectedMs: 15 * MINUTE,
  async plan({ settings, facts, ports }, signal) {
    const wanted = settings.updateRackTo;
    if (wanted === undefined) return alreadyDone(`rack stays at ${facts.rack.version}`);
    const { version } = await ports.rack.system.get(signal);
    if (version >= wanted) return alreadyDone(`rack is at ${version}`);
    return toDo(
      `update the rack from ${version} to ${wanted}; its API is unreachable for some minutes; cannot be undone`,
    );
  },
  async run(context, signal) {
    const { rack } = context.ports;
    const wanted = context.settings.updateRackTo ?? context.facts.rack.version;
    const onHop = ({ version, number, of }: { version: string; number: number; of: number }): void =>
      context.say(`update ${number} of ${of}: to ${version}`);
    await rack.system.updateAlong(wanted, { onHop }, signal);
    const thisTry = currentTry(context, 'update');
    await waitForRack(
      context,
      { thisTry, what: `rack at version ${wanted}`, isDone: ({ version }) => version === wanted },
      signal,
    );
    return `rack updated to ${wanted}`;
  },
};

/** Asks the rack for its internal balancer, which internal services need; it is made while the temporary app is built. */
export const enableInternal: Step = {
  id: 'enable-internal',
  phase: 'prepare',
  title: 'Ask for the internal balancer',
  expectedMs: 5_000,
  async plan({ facts, ports }, signal) {
    if (!facts.needsInternal) return alreadyDone('no service is internal');
    const { parameters } = await ports.rack.system.get(signal);
    if (parameters['Internal'] === 'Yes') return alreadyDone('the rack has an internal balancer');
    return toDo('set rack parameter Internal=Yes: adds an internal load balancer to the rack');
  },
  async run(context, signal) {
    await context.once('set', () => setInternal(context, 'Yes', signal));
    return 'the rack makes its internal balancer';
  },
  // To wait for an update that is under way, and to make one.
  undoLimitMs: 2 * RACK_UPDATE_TIMEOUT_MS,
  async undo(context, signal) {
    const thisTry = currentTry(context, 'unset');
    await context.once(thisTry, () => setInternal(context, 'No', signal));
    await waitForRack(
      context,
      { thisTry, what: 'rack with Internal=No', isDone: ({ parameters }) => parameters['Internal'] !== 'Yes' },
      signal,
    );
  },
};

/** A promotion of an internal service is refused until the rack has its balancer and its API knows of it. */
export const awaitInternal: Step = {
  id: 'await-internal',
  phase: 'prepare',
  title: 'Wait for the internal balancer',
  expectedMs: 3 * MINUTE,
  plan({ facts }) {
    if (!facts.needsInternal) return alreadyDone('no service is internal');
    if (facts.internalEnabled) return alreadyDone('the rack has an internal balancer');
    return toDo('wait until the rack has made its internal balancer');
  },
  async run(context, signal) {
    const thisTry = currentTry(context, 'set');
    // The first try is what `enableInternal` asked for: an update that was rolled back since is a failure, told once.
    const isAsked = thisTry === 'set-1' && context.recorded('set', enableInternal.id) !== undefined;
    if (!isAsked) await context.once(thisTry, () => setInternal(context, 'Yes', signal));
    const facts = await waitForRack(
      context,
      { thisTry, what: 'rack with Internal=Yes', isDone: ({ parameters }) => parameters['Internal'] === 'Yes' },
      signal,
    );
    const balancer = await context.ports.aws.findBalancer('internal', facts, signal);
    return `internal balancer is ${balancer.dnsName}`;
  },
};

/** Asks the rack for the parameter as soon as it takes a change: its status is seconds old, an update may be under way. */
async function setInternal(context: StepContext, value: 'Yes' | 'No', signal: AbortSignal): Promise<true> {
  const { rack } = context.ports;
  return context.wait<true>(
    async () => {
      const { parameters } = await rack.system.get(signal);
      if ((parameters['Internal'] === 'Yes') === (value === 'Yes')) return { state: 'ready', value: true };
      try {
        await rack.system.setParameters({ Internal: value }, signal);
        return { state: 'ready', value: true };
      } catch (error) {
        if (!MigrationError.is(error, 'RACK_BUSY')) throw error;
        return { state: 'pending', saw: error.message };
      }
    },
    { what: `rack to take Internal=${value}`, timeoutMs: RACK_UPDATE_TIMEOUT_MS, intervalMs: 3000 },
    signal,
  );
}

/** Waits until rack and rack stack are settled and as wanted; the API may be away meanwhile. */
async function waitForRack(
  context: StepContext,
  { thisTry, what, isDone }: { thisTry: string; what: string; isDone: (rack: RackFacts) => boolean },
  signal: AbortSignal,
): Promise<RackFacts> {
  const { rack, aws } = context.ports;
  const found = await context.wait<RackFacts | MigrationError>(
    async (): Promise<Observation<RackFacts | MigrationError>> => {
      const stack = await aws.findStack(context.facts.rack.name, signal);
      if (stack !== undefined && !/^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(stack.status)) {
        return { state: 'pending', saw: `stack ${stack.status}` };
      }
      const facts = await rack.system.get(signal);
      if (facts.status !== 'running') return { state: 'pending', saw: `rack is ${facts.status}` };
      if (isDone(facts)) return { state: 'ready', value: facts };
      if (stack?.status === 'UPDATE_ROLLBACK_COMPLETE') {
        const cause = await aws.firstCause(stack.arn, 0, signal);
        return { state: 'ready', value: updateFailed(what, cause) };
      }
      return { state: 'pending', saw: 'the change has not begun' };
    },
    { what, timeoutMs: RACK_UPDATE_TIMEOUT_MS, intervalMs: RACK_PACE },
    signal,
  );
  return found instanceof MigrationError ? failTry(context, thisTry, found) : found;
}

function updateFailed(what: string, cause: string | undefined): MigrationError {
  return new MigrationError(
    'RACK_UPDATE_FAILED',
    `${what}: the update was rolled back: ${cause ?? 'no cause in its events'}`,
    {
      hint: 'Mend the cause, then `gen2 resume`; or take back what was done with `gen2 abort`.',
    },
  );
}
