/** How long requests get to finish when what serves them goes away: on the old balancers, and in the new app. */
import { FEATURES, supports } from '../manifest/rack-features.ts';
import type { Assessment, Finding, PlannedService } from './plan.ts';
import type { AwsPort, OldBalancer } from './ports.ts';

/** What generation 2 gives without `drain` (convox/rack@20181115134335 manifest/service.go), and always gave before. */
const GEN2_DRAIN_SECONDS = 30;
/** What generation 1 gives without the label `convox.draining.timeout` (convox/rack@20171213132441 manifest1/service.go). */
const GEN1_DRAIN_SECONDS = 60;

/** What a rack of this version gives a service whose `drain` is so long; undefined: none is written. */
export function drainSecondsOn(rackVersion: string, written: number | undefined): number {
  return supports(rackVersion, 'drain') ? (written ?? GEN2_DRAIN_SECONDS) : GEN2_DRAIN_SECONDS;
}

/** Seconds by service, as the old balancers are set: whatever labels, parameters or people made of them. */
export async function readOldDraining(
  aws: AwsPort,
  balancers: readonly OldBalancer[],
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const found = await Promise.all(
    balancers.map(async (one) => [one.service, await aws.oldBalancerDraining(one, signal)] as const),
  );
  return Object.fromEntries(found.flatMap(([service, seconds]) => (seconds === undefined ? [] : [[service, seconds]])));
}

/** A convox.yml written by hand may give requests less time than the old app did: they are cut at each deployment. */
export function drainingFindings(
  services: readonly PlannedService[],
  old: Readonly<Record<string, number>>,
  rackVersion: string,
): readonly Finding[] {
  return Object.entries(old).flatMap(([name, before]): Finding[] => {
    const service = services.find((one) => one.name.toLowerCase() === name.toLowerCase());
    const after = service?.drainSeconds;
    if (service?.port === undefined || after === undefined || after >= before) return [];
    return [
      {
        code: 'drain-shorter',
        // Nobody asked for generation 1's own 60 s.
        severity: before === GEN1_DRAIN_SECONDS ? 'info' : 'warning',
        where: `service ${service.name}`,
        message:
          `requests of ${service.name} had ${before} s to finish when a task went away (its old balancer's connection ` +
          `draining); the new app gives them ${after} s, and longer ones are cut at each deployment`,
        hint: supports(rackVersion, 'drain')
          ? `Write \`drain: ${before}\` at ${service.name} in convox.yml.`
          : `Rack ${rackVersion} always gives ${after} s; one from ${FEATURES.drain} on takes \`drain: ${before}\` (--update-rack).`,
      },
    ];
  });
}

/** The longest that either side lets a request finish, ms. */
export function longestDrainingMs({ services, old }: Pick<Assessment, 'services' | 'old'>): number {
  const seconds = [
    ...services.map(({ drainSeconds }) => drainSeconds ?? 0),
    ...Object.values(old.drainingSeconds ?? {}),
  ];
  return 1000 * Math.max(GEN2_DRAIN_SECONDS, ...seconds);
}
