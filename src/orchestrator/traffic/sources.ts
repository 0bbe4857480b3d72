import type { TrafficSources } from '../ports.ts';
import { stackName } from '../app-changes.ts';
import type { StepContext } from '../step.ts';
import { servicesWithPort, type Served } from '../verification.ts';

/** Where requests to an app are counted as it is now, and those to the old one; no targets without a port. */
export async function trafficSources(
  { facts, ports }: StepContext,
  { app, balancers }: Served,
  signal: AbortSignal,
): Promise<TrafficSources> {
  const appStackName = stackName(facts.rack.name, app);
  const services = servicesWithPort(facts).filter(({ role }) => balancers[role]?.arn !== undefined);
  const names = services.map(({ name }) => name);
  const found = names.length === 0 ? [] : await ports.aws.serviceTargets(appStackName, names, signal);
  const targets = found.flatMap((one) => {
    const role = services.find(({ name }) => name === one.service)?.role ?? 'public';
    const balancerArn = balancers[role]?.arn;
    return balancerArn === undefined ? [] : [{ ...one, balancerArn }];
  });
  return { appStackName, targets, oldBalancers: facts.old.balancers };
}
