/** Effects that can be tried again after they were seen to fail: a resumed execution must not find the failed try. */
import type { StepContext } from './step.ts';

/** A name for this try of `what`: the first one that has not been recorded as failed. */
export function currentTry(context: StepContext, what: string): string {
  let tried = 1;
  while (context.recorded(`${what}-${tried}-failed`) !== undefined) tried += 1;
  return `${what}-${tried}`;
}

/** Records that a try has failed for good, then throws its error: the next run of the step tries anew. */
export async function failTry(context: StepContext, tryName: string, error: Error): Promise<never> {
  await context.once(`${tryName}-failed`, () => Promise.resolve(error.message));
  throw error;
}
