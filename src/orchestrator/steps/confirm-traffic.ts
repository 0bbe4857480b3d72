import { MigrationError } from '../../errors.ts';
import type { OldBalancer, TrafficFacts } from '../ports.ts';
import { stackName } from '../app-changes.ts';
import { toDo, type Step, type StepContext } from '../step.ts';
import { currentBalancers, servicesWithPort } from '../verification.ts';
import { recordTraffic, trafficRecordStart } from './traffic-record.ts';

const MINUTE = 60_000;
/** Connections to a classic ELB may idle for an hour (idle timeout 3600 s), long after DNS has moved. */
const OLD_TRAFFIC_TIMEOUT_MS = 75 * MINUTE;
/** An app that nobody asks for: after this long without a request on either side it is taken as quiet. */
const QUIET_MS = 10 * MINUTE;
/** Share of requests that may fail. */
const MAX_ERROR_SHARE = 0.01;
const ENOUGH_REQUESTS = 20;

/** Traffic arrives at the new app, and none at the old balancers. */
export const confirmTraffic: Step = {
  id: 'confirm-traffic',
  phase: 'cutover',
  title: 'Confirm the traffic',
  expectedMs: 4 * MINUTE,
  plan: ({ facts }) =>
    toDo(
      `wait until requests arrive at ${facts.temporaryApp} and the old balancers get none; errors above 1 % put the records back`,
    ),
  run: (context, signal) =>
    waitForTraffic(context, { app: context.facts.temporaryApp, old: context.facts.old.balancers }, signal),
};

export async function waitForTraffic(
  context: StepContext,
  { app, old }: { readonly app: string; readonly old: readonly OldBalancer[] },
  signal: AbortSignal,
): Promise<string> {
  const { facts, ports } = context;
  const balancers = await currentBalancers(context, signal);
  const services = servicesWithPort(facts).flatMap(({ name, role }) => {
    const balancerArn = balancers[role]?.arn;
    return balancerArn === undefined ? [] : [{ name, balancerArn }];
  });
  if (services.length === 0) return 'no service has a port';
  const sinceMs = await context.once('traffic-since', () => Promise.resolve(ports.clock.now()));
  const appStackName = stackName(facts.rack.name, app);
  const sources = { appStackName, services, oldBalancers: old };
  const arrival = context.wait(
    async () => {
      const traffic = await ports.aws.traffic({ ...sources, sinceMs }, signal);
      const problem = outOfBounds(traffic);
      if (problem !== undefined) return { state: 'failed', error: problem };
      const isQuiet = traffic.newRequests + traffic.oldRequests === 0 && ports.clock.now() - sinceMs > QUIET_MS;
      if (isQuiet) context.warn(`nobody asked for ${app} within 10 minutes: that traffic arrives could not be seen`);
      if (isQuiet || (traffic.newRequests > 0 && traffic.oldRequests === 0))
        return { state: 'ready', value: traffic.says };
      return { state: 'pending', saw: traffic.says };
    },
    {
      what: `traffic to arrive at ${app} alone`,
      timeoutMs: OLD_TRAFFIC_TIMEOUT_MS,
      intervalMs: 15_000,
      hint: 'Somebody still uses the old balancers: a client with its own name or a very long DNS cache. Find it before the old app goes.',
    },
    signal,
  );
  try {
    return await arrival;
  } finally {
    const changedAtMs = Number(context.recorded('began-at', 'switch-records') ?? sinceMs);
    const from = { ...sources, sinceMs: trafficRecordStart(context, changedAtMs) };
    // Until the final app has its domains, the temporary one serves: the record has no gap.
    for (const one of new Set([app, facts.temporaryApp])) {
      await recordTraffic(context, { ...from, app: one, appStackName: stackName(facts.rack.name, one) }, signal);
    }
  }
}

function outOfBounds({ newErrors, newRequests, says }: TrafficFacts): MigrationError | undefined {
  if (newRequests < ENOUGH_REQUESTS || newErrors / newRequests <= MAX_ERROR_SHARE) return undefined;
  return new MigrationError('TRAFFIC_OUT_OF_BOUNDS', `more than 1 % of requests fail at the new app: ${says}`, {
    hint: "The records are put back. Look at the new app's logs.",
  });
}
