/**
 * Detection lag: how long after a change in AWS our waits notice it, beside the SDK's own waiters with their default
 * delays, at how many requests a second. Runs against the sandbox; all figures are in simulated time.
 *
 *   npx tsx bench/lag.ts [--trials 60] [--scale 15]
 */
import { parseArgs } from 'node:util';
import { waitUntilCertificateValidated } from '@aws-sdk/client-acm';
import { waitUntilStackUpdateComplete } from '@aws-sdk/client-cloudformation';
import { waitUntilTargetInService } from '@aws-sdk/client-elastic-load-balancing-v2';
import { waitUntilResourceRecordSetsChanged } from '@aws-sdk/client-route-53';
import { waitForCertificate } from '../src/aws/certificate-watch.ts';
import { createAwsClients, type AwsClients } from '../src/aws/clients.ts';
import { waitInSync } from '../src/aws/dns/in-sync.ts';
import { waitForStack } from '../src/aws/stack-watch.ts';
import { waitForHealthyTargets } from '../src/aws/target-health.ts';
import { startSandbox, type Sandbox } from '../src/sandbox/sandbox.ts';

const { values } = parseArgs({
  options: { trials: { type: 'string', default: '60' }, scale: { type: 'string', default: '15' } },
});
const trials = Number(values.trials);
const scale = Number(values.scale);
const signal = new AbortController().signal;
const TIMEOUT_MS = 3_600_000;
/** The longest a change takes to come; it comes at a random moment before. */
const LONGEST_MS = 20_000;
/** Waits under way at the same time. */
const LANES = 5;
/** Bounds of the project: mean and 99th percentile of the lag, and requests a second while waiting. */
const BOUNDS = { meanMs: 1500, p99Ms: 4000, perSecond: 2 };

/** One thing to wait for: made pending, waited for in two ways, and then changed. */
interface Subject {
  readonly name: string;
  /** Default delays of the SDK's waiter, in seconds (its `minDelay` and `maxDelay`). */
  readonly sdkDelays: readonly [minimum: number, maximum: number];
  arrange(): Arranged | Promise<Arranged>;
}

interface Arranged {
  change(): void;
  ours(): Promise<unknown>;
  sdk(client: AwsClients, config: SdkConfig): Promise<unknown>;
}

interface SdkConfig {
  readonly maxWaitTime: number;
  readonly minDelay: number;
  readonly maxDelay: number;
}

interface Figures {
  readonly lagsMs: readonly number[];
  readonly perSecond: number;
}

const sandbox = await startSandbox({ scale, rackParameters: { Internal: 'Yes' } });
const { world } = sandbox;
let calls = 0;
const clients = createAwsClients({
  region: world.settings.region,
  endpoint: sandbox.endpoints.awsUrl,
  credentials: { accessKeyId: world.settings.accessKeyId, secretAccessKey: world.settings.secretAccessKey },
  clock: world.clock,
  onCall: () => (calls += 1),
});

async function measure(subject: Subject, who: 'ours' | 'sdk', count: number): Promise<Figures> {
  const lagsMs: number[] = [];
  let waitedMs = 0;
  const callsBefore = calls;
  const [minimum, maximum] = subject.sdkDelays;
  // The SDK's waiters know no clock: their delays are scaled as everything else is.
  const config = { maxWaitTime: TIMEOUT_MS / 1000, minDelay: minimum / scale, maxDelay: maximum / scale };

  const trial = async (): Promise<void> => {
    const { change, ours, sdk } = await subject.arrange();
    const startedAtMs = world.clock.now();
    let changedAtMs = 0;
    world.clock.after(LONGEST_MS * Math.random(), () => {
      changedAtMs = world.clock.now();
      change();
    });
    await (who === 'ours' ? ours() : sdk(clients, config));
    lagsMs.push(world.clock.now() - changedAtMs);
    waitedMs += world.clock.now() - startedAtMs;
  };
  const lane = async (): Promise<void> => {
    for (let at = 0; at < count / LANES; at += 1) await trial();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { lagsMs: lagsMs.toSorted((a, b) => a - b), perSecond: (calls - callsBefore) / (waitedMs / 1000) };
}

function report(name: string, who: string, { lagsMs, perSecond }: Figures): boolean {
  const mean = lagsMs.reduce((sum, lag) => sum + lag, 0) / lagsMs.length;
  const p99 = lagsMs[Math.min(lagsMs.length - 1, Math.floor(lagsMs.length * 0.99))] ?? 0;
  const cell = (value: number, digits: number): string => value.toFixed(digits).padStart(9);
  process.stdout.write(
    `${name.padEnd(14)} ${who.padEnd(6)} ${cell(mean / 1000, 2)} ${cell(p99 / 1000, 2)} ${cell(perSecond, 2)}\n`,
  );
  return mean <= BOUNDS.meanMs && p99 <= BOUNDS.p99Ms && perSecond <= BOUNDS.perSecond;
}

const options = { clients, clock: world.clock, timeoutMs: TIMEOUT_MS };

/** A stack as if an update of it went on. */
function stack({ cloudFormation, clock }: Sandbox['world']): Subject {
  let count = 0;
  return {
    name: 'stack',
    sdkDelays: [30, 120],
    async arrange() {
      const name = `lag-${(count += 1)}`;
      const template = { resources: [], outputs: () => [] };
      const arn = cloudFormation.createStack({ name, template, parameters: new Map(), instant: true });
      const found = cloudFormation.find(arn);
      if (found === undefined) throw new Error(`the sandbox did not make stack ${name}`);
      while (found.status !== 'CREATE_COMPLETE') await clock.delay(100);
      found.status = 'UPDATE_IN_PROGRESS';
      return {
        change: () => (found.status = 'UPDATE_COMPLETE'),
        ours: () => waitForStack({ ...options, stack: arn, onEvent: () => undefined }, signal),
        sdk: ({ cloudFormation: client }, config) =>
          waitUntilStackUpdateComplete({ client, ...config }, { StackName: arn }),
      };
    },
  };
}

function certificate({ acm }: Sandbox['world']): Subject {
  let count = 0;
  return {
    name: 'certificate',
    sdkDelays: [60, 120],
    arrange() {
      const domainName = `lag-${(count += 1)}.example.com`;
      const made = acm.request({ domainName, names: [domainName], method: 'EMAIL' });
      return {
        change: () => {
          made.status = 'ISSUED';
          for (const validation of made.validations) validation.status = 'SUCCESS';
        },
        ours: () => waitForCertificate({ ...options, arn: made.arn }, signal),
        sdk: ({ acm: client }, config) =>
          waitUntilCertificateValidated({ client, ...config }, { CertificateArn: made.arn }),
      };
    },
  };
}

function dnsChange({ route53, clock }: Sandbox['world']): Subject {
  let count = 0;
  return {
    name: 'DNS change',
    sdkDelays: [30, 120],
    arrange() {
      const [zone] = [...route53.zones.values()];
      const id = `CLAG${(count += 1)}`;
      const change = {
        id,
        zoneId: zone?.id ?? '',
        submittedAt: clock.now(),
        comment: undefined,
        status: 'PENDING' as const,
      };
      const kept: { status: 'PENDING' | 'INSYNC' } = change;
      route53.changes.set(id, change);
      return {
        change: () => (kept.status = 'INSYNC'),
        ours: () => waitInSync({ ...options, changeId: id }, signal),
        sdk: ({ route53: client }, config) => waitUntilResourceRecordSetsChanged({ client, ...config }, { Id: id }),
      };
    },
  };
}

function targetHealth({ balancing }: Sandbox['world']): Subject {
  let count = 0;
  const [router] = [...balancing.loadBalancers.values()];
  const listener = [...(router?.listeners.values() ?? [])].find(({ port }) => port === 443);
  if (listener === undefined) throw new Error('the rack has no listener');
  return {
    name: 'target health',
    sdkDelays: [15, 120],
    arrange() {
      const name = `lag-${(count += 1)}`;
      const group = balancing.createTargetGroup({
        name,
        protocol: 'HTTP',
        port: 3000,
        healthCheck: {
          protocol: 'HTTP',
          path: '/',
          intervalSeconds: 5,
          timeoutSeconds: 4,
          healthyThreshold: 2,
          unhealthyThreshold: 2,
          matcher: '200',
        },
        deregistrationDelaySeconds: 30,
        stickiness: false,
      });
      const rule = balancing.createRule({
        listenerArn: listener.arn,
        priority: 40_000 + count,
        hosts: [`${name}.example.com`],
        action: { type: 'forward', targetGroupArn: group.arn },
      });
      const target = {
        taskId: 'task-lag',
        instanceId: 'i-0123456789abcdef0',
        hostPort: 32768,
        state: 'initial' as 'initial' | 'healthy',
        reason: 'Elb.InitialHealthChecking',
        description: undefined,
      };
      // Only what DescribeTargetHealth shows is read: there is no process behind it.
      group.targets.set(target.taskId, target);
      const done = <T>(answer: T): T => {
        balancing.deleteRule(rule.arn);
        return answer;
      };
      return {
        change: () => (target.state = 'healthy'),
        ours: () => waitForHealthyTargets({ ...options, targetGroupArns: [group.arn] }, signal).then(done),
        sdk: ({ elbv2: client }, config) =>
          waitUntilTargetInService({ client, ...config }, { TargetGroupArn: group.arn }).then(done),
      };
    },
  };
}

try {
  process.stdout.write(
    `${trials} trials each (a quarter of them for the SDK), time ${scale} times as fast; seconds of simulated time\n\n`,
  );
  process.stdout.write('               who         mean       p99     req/s\n');
  let isWithin = true;
  for (const subject of [stack, certificate, dnsChange, targetHealth].map((make) => make(world))) {
    // Not counted: what is asked for the first time takes longer.
    await measure(subject, 'ours', LANES);
    isWithin = report(subject.name, 'ours', await measure(subject, 'ours', trials)) && isWithin;
    report(subject.name, 'SDK', await measure(subject, 'sdk', trials / 4));
  }
  const { meanMs, p99Ms, perSecond } = BOUNDS;
  process.stdout.write(
    `\nours within mean ${meanMs / 1000} s, p99 ${p99Ms / 1000} s, ${perSecond} req/s: ${isWithin ? 'yes' : 'NO'}\n`,
  );
  process.exitCode = isWithin ? 0 : 1;
} finally {
  clients.destroy();
  await sandbox.close();
}
