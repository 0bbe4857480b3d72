import { MigrationError } from '../errors.ts';
import type { Observation } from '../time/wait.ts';
import { differingNames, sameEnvironment } from './environments.ts';
import type { EnvironmentMap } from './ports.ts';
import type { StepContext } from './step.ts';

/** Releases are read from a table whose index lags behind its writes: the environment before may be read for a while. */
const READ_BACK_TIMEOUT_MS = 60_000;

/**
 * Proves that an app holds what was sent, by reading it back until it does.
 *
 * @throws {MigrationError} `ENVIRONMENT_MISMATCH` with the names that differ after a minute.
 */
export async function confirmEnvironment(
  context: StepContext,
  { app, wanted, hint }: { readonly app: string; readonly wanted: EnvironmentMap; readonly hint: string },
  signal: AbortSignal,
): Promise<void> {
  let differing: readonly string[] = [];
  const look = async (): Promise<Observation<void>> => {
    const understood = await context.ports.rack.environment.get(app, signal);
    if (sameEnvironment(understood, wanted)) return { state: 'ready', value: undefined };
    differing = differingNames(understood, wanted);
    return { state: 'pending', saw: `${differing.length} variables differ` };
  };
  const wait = { what: `environment of ${app} to be read back as it was sent`, timeoutMs: READ_BACK_TIMEOUT_MS };
  await context.wait(look, wait, signal).catch((error: unknown) => {
    if (!MigrationError.is(error, 'TIMED_OUT') || differing.length === 0) throw error;
    throw new MigrationError('ENVIRONMENT_MISMATCH', `${app} does not hold what was sent: ${differing.join(', ')}`, {
      hint,
      details: { app, differing },
      cause: error,
    });
  });
}
