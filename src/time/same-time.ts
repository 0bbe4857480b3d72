import { MigrationError } from '../errors.ts';

/** Differences below are what a request and a clock shown in seconds make. */
const LARGEST_SKEW_MS = 30_000;

/** Clocks of two machines at one moment, ms since 1970. */
export interface TwoClocks {
  readonly serverMs: number;
  readonly ownMs: number;
}

/** How far this machine's clock is ahead of another one, ms. @throws {MigrationError} `CLOCK_SKEW` beyond 30 s. */
export function assertSameTime(whose: string, { serverMs, ownMs }: TwoClocks): number {
  const skewMs = ownMs - serverMs;
  if (Math.abs(skewMs) <= LARGEST_SKEW_MS) return skewMs;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  throw new MigrationError(
    'CLOCK_SKEW',
    `this machine's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} that of ${whose}`,
    {
      hint: 'Synchronise it (`timedatectl`, chrony): AWS refuses requests signed more than 5 minutes off, and journals would tell wrong times.',
      details: { skewMs },
    },
  );
}
