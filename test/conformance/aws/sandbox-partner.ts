import { createAwsClients, type AwsClientsOptions } from '../../../src/aws/clients.ts';
import { dnsResolver } from '../../../src/aws/dns/resolver.ts';
import { TokenBucket } from '../../../src/aws/token-bucket.ts';
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';
import type { Partner } from './partner.ts';

export interface SandboxPartner extends Partner {
  readonly name: 'sandbox';
  readonly sandbox: Sandbox;
}

/** Starts the sandbox with the rack alone. */
export async function startSandboxPartner(): Promise<SandboxPartner> {
  const sandbox = await startSandbox({ scenario: 'empty', rackParameters: { Internal: 'Yes' }, scale: 200 });
  const { world, endpoints } = sandbox;
  const { accessKeyId, secretAccessKey, region } = world.settings;
  const newClients = (options: Partial<AwsClientsOptions>) =>
    createAwsClients({
      region,
      endpoint: endpoints.awsUrl,
      credentials: { accessKeyId, secretAccessKey },
      clock: world.clock,
      dnsLimit: new TokenBucket({ perSecond: 4, burst: 4, clock: world.clock }),
      ...options,
    });
  const clients = newClients({});
  const resolver = dnsResolver({ servers: [endpoints.publicDns] });
  return {
    name: 'sandbox',
    sandbox,
    clients,
    clock: world.clock,
    network: {
      lookup: async (name, signal) => (await resolver.addresses(name, 4, signal)).map(({ address }) => address),
      port: (standard) => (standard === 443 ? endpoints.ports[443] : endpoints.ports[80]),
      ca: endpoints.caPem,
    },
    newClients,
    createClassic: (name) =>
      Promise.resolve(
        world.balancing.createClassic({
          name,
          scheme: 'internet-facing',
          listeners: [
            { port: 80, protocol: 'TCP', instanceProtocol: 'TCP', instancePort: 3000, certificateArn: undefined },
          ],
          healthCheck: {
            protocol: 'TCP',
            path: '',
            intervalSeconds: 5,
            timeoutSeconds: 3,
            healthyThreshold: 2,
            unhealthyThreshold: 2,
            matcher: '',
          },
          drainingSeconds: 60,
          idleSeconds: 3600,
        }).dnsName,
      ),
    countRequests: async (dimensions, count) => {
      const namespace = 'LoadBalancerName' in dimensions ? 'AWS/ELB' : 'AWS/ApplicationELB';
      const minuteMs = Math.floor(world.clock.now() / 60_000) * 60_000;
      world.metrics.add(namespace, 'RequestCount', dimensions, count);
      await world.clock.delay(minuteMs + 61_000 + world.settings.durations.metricDelayMs - world.clock.now());
      return minuteMs;
    },
    deletedStack: async () => {
      const template = { resources: [], outputs: () => [] };
      const arn = world.cloudFormation.createStack({
        name: 'convox-gone',
        template,
        parameters: new Map(),
        instant: true,
      });
      await until(world.clock, () => world.cloudFormation.find(arn)?.status === 'CREATE_COMPLETE');
      world.cloudFormation.deleteStack(arn);
      await until(world.clock, () => world.cloudFormation.find(arn)?.status === 'DELETE_COMPLETE');
      return arn;
    },
    close: async () => {
      clients.destroy();
      await sandbox.close();
    },
  };
}

async function until(clock: Sandbox['world']['clock'], isSo: () => boolean): Promise<void> {
  while (!isSo()) await clock.delay(1000);
}
