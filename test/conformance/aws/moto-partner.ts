import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { CreateStackCommand, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CreateLoadBalancerCommand, DescribeLoadBalancersCommand } from '@aws-sdk/client-elastic-load-balancing';
import { createAwsClients, type AwsClientsOptions } from '../../../src/aws/clients.ts';
import { TokenBucket } from '../../../src/aws/token-bucket.ts';
import { systemClock } from '../../../src/time/clock.ts';
import type { Partner } from './partner.ts';

const READY_WITHIN_MS = 30_000;

/** A rack's template cut down to what moto makes: both balancers, their outputs, no conditional exports (moto fails on them). */
const RACK_TEMPLATE = JSON.stringify({
  Parameters: { Internal: { Type: 'String', Default: 'No' } },
  Conditions: { Internal: { 'Fn::Equals': [{ Ref: 'Internal' }, 'Yes'] } },
  Resources: {
    Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } },
    Subnet0: {
      Type: 'AWS::EC2::Subnet',
      Properties: { VpcId: { Ref: 'Vpc' }, CidrBlock: '10.0.1.0/24', AvailabilityZone: 'us-east-1a' },
    },
    Subnet1: {
      Type: 'AWS::EC2::Subnet',
      Properties: { VpcId: { Ref: 'Vpc' }, CidrBlock: '10.0.2.0/24', AvailabilityZone: 'us-east-1b' },
    },
    Router: {
      Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
      Properties: { Subnets: [{ Ref: 'Subnet0' }, { Ref: 'Subnet1' }] },
    },
    RouterInternal: {
      Condition: 'Internal',
      Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
      Properties: { Name: 'convox-rti', Scheme: 'internal', Subnets: [{ Ref: 'Subnet0' }, { Ref: 'Subnet1' }] },
    },
  },
  Outputs: {
    StackId: { Value: { Ref: 'AWS::StackId' } },
    Vpc: { Value: { Ref: 'Vpc' } },
    Domain: { Value: { 'Fn::GetAtt': ['Router', 'DNSName'] } },
    DomainInternal: { Condition: 'Internal', Value: { 'Fn::GetAtt': ['RouterInternal', 'DNSName'] } },
  },
});

const EMPTY_TEMPLATE = JSON.stringify({ Resources: { Bucket: { Type: 'AWS::S3::Bucket' } } });

/**
 * Starts moto (`moto_server`) and lays a rack down in it; `undefined` where it is not installed.
 *
 * @throws when it is not installed and `CI=true`: there the suite has to run.
 */
export async function startMoto(): Promise<Partner | undefined> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, MOTO_ACM_VALIDATION_WAIT: '1' },
  });
  if (!(await isReady(server, url))) {
    server.kill();
    if (process.env['CI'] === 'true') throw new Error('moto_server does not run here; CI must have it');
    process.stderr.write('moto_server is not installed: the contract suite runs against the sandbox alone\n');
    return undefined;
  }
  const newClients = (options: Partial<AwsClientsOptions>) =>
    createAwsClients({
      region: 'us-east-1',
      endpoint: url,
      credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
      maxAttempts: 1,
      dnsLimit: new TokenBucket({ perSecond: 1e6, burst: 1e6 }),
      ...options,
    });
  const clients = newClients({});
  await clients.cloudFormation.send(
    new CreateStackCommand({
      StackName: 'convox',
      TemplateBody: RACK_TEMPLATE,
      Parameters: [{ ParameterKey: 'Internal', ParameterValue: 'Yes' }],
    }),
  );
  return {
    name: 'moto',
    clients,
    clock: systemClock,
    newClients,
    createClassic: async (name) => {
      await clients.elb.send(
        new CreateLoadBalancerCommand({
          LoadBalancerName: name,
          AvailabilityZones: ['us-east-1a'],
          Listeners: [{ Protocol: 'TCP', LoadBalancerPort: 80, InstancePort: 3000 }],
        }),
      );
      const made = await clients.elb.send(new DescribeLoadBalancersCommand({ LoadBalancerNames: [name] }));
      return made.LoadBalancerDescriptions![0]!.DNSName!;
    },
    countRequests: async (dimensions, count) => {
      const minuteMs = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;
      const Namespace = 'LoadBalancerName' in dimensions ? 'AWS/ELB' : 'AWS/ApplicationELB';
      const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
      const datum = { MetricName: 'RequestCount', Dimensions, Timestamp: new Date(minuteMs), Value: count };
      await clients.cloudWatch.send(new PutMetricDataCommand({ Namespace, MetricData: [datum] }));
      return minuteMs;
    },
    deletedStack: async () => {
      const create = new CreateStackCommand({ StackName: 'convox-gone', TemplateBody: EMPTY_TEMPLATE });
      const { StackId } = await clients.cloudFormation.send(create);
      await clients.cloudFormation.send(new DeleteStackCommand({ StackName: StackId }));
      return StackId!;
    },
    close: async () => {
      clients.destroy();
      await stop(server);
    },
  };
}

async function isReady(server: ChildProcess, url: string): Promise<boolean> {
  const state = { isOver: false };
  server.once('error', () => (state.isOver = true));
  server.once('exit', () => (state.isOver = true));
  const limit = Date.now() + READY_WITHIN_MS;
  while (!state.isOver && Date.now() < limit) {
    const answer = await fetch(`${url}/moto-api/data.json`).catch(() => undefined);
    if (answer?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const exited = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGKILL');
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Just listened: it has a port.
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
