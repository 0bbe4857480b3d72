import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { Clock } from '../time/clock.ts';
import { assertSameTime } from '../time/same-time.ts';
import { ask } from './aws-error.ts';
import type { AwsClients } from './clients.ts';

export interface CheckClockOptions {
  readonly clients: Pick<AwsClients, 'sts'>;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * How far this machine's clock is ahead of AWS's, ms, by the `Date` of an answer of STS; 0 if that says none.
 *
 * @throws {MigrationError} `CLOCK_SKEW` beyond 30 s.
 */
export async function checkClock({ clients, clock }: CheckClockOptions, signal: AbortSignal): Promise<number> {
  const command = new GetCallerIdentityCommand({});
  let date: string | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = dateOf(result.response);
      return result;
    },
    { step: 'deserialize', name: 'readDate' },
  );
  const askedMs = clock.now();
  await ask('compare clocks', 'sts:GetCallerIdentity', (options) => clients.sts.send(command, options), signal);
  const ownMs = (askedMs + clock.now()) / 2;
  const serverMs = Date.parse(date ?? '');
  return Number.isNaN(serverMs) ? 0 : assertSameTime('AWS', { serverMs, ownMs });
}

/** The SDK gives its HTTP response as unknown. */
function dateOf(response: unknown): string | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null || !('date' in headers)) return undefined;
  return typeof headers.date === 'string' ? headers.date : undefined;
}
