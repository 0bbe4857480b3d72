import { SHOP_TARGETS } from '../../src/cli/rehearsal/targets.ts';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import type { AwsPort } from '../../src/orchestrator/ports.ts';
import { setEnvironment } from '../../src/orchestrator/app-changes.ts';
import { withDomains } from '../../src/orchestrator/environments.ts';
import { isGate, type Stage, type Step, type StepContext } from '../../src/orchestrator/step.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import type { RunOptions } from './one-run.ts';

/** A safeguard of the procedure, how the procedure is without it, and a world in which that matters. */
export interface Safeguard {
  readonly name: string;
  /** In words, after "in a world in which". */
  readonly world: string;
  readonly rackVersion: string;
  readonly without: (stages: readonly Stage[]) => readonly Stage[];
  readonly arrange?: (sandbox: Sandbox) => void;
  readonly onEvent?: (event: MigrationEvent, sandbox: Sandbox) => void;
  readonly traffic?: NonNullable<RunOptions['traffic']>;
  /** Where few visitors are the point, or it is long until something happens; instead of the bench's own. */
  readonly pace?: Pick<RunOptions, 'rate' | 'scale'>;
}

const OLD_RACK = '20171213132441';
const NEWEST_RACK = '20260421192651';
const MINUTE_MS = 60_000;

export const SAFEGUARDS: readonly Safeguard[] = [
  {
    name: 'promote-without-domains',
    world: 'nothing special happens',
    rackVersion: NEWEST_RACK,
    without: (stages) => changed(stages, 'copy-environment-back', copyWithDomains),
  },
  {
    name: 'release-domains',
    world: "the temporary app's rules come first",
    rackVersion: NEWEST_RACK,
    without: (stages) => stages.filter(({ id }) => id !== 'release-domains'),
  },
  {
    name: 'certificate-guard',
    world: "somebody takes the final app's certificates off the listeners",
    rackVersion: OLD_RACK,
    without: (stages) =>
      ['release-domains', 'delete-temporary-app'].reduce(
        (left, id) => changed(left, id, (step) => blind(step, { listenerCertificates: coveringEverything })),
        stages,
      ),
    onEvent: (event, sandbox) => {
      if (event.type === 'step-finished' && event.step === 'promote-final-domains') removeCertificates(sandbox, 'shop');
    },
  },
  {
    name: 'old-ttl-wait',
    world: 'a name has a TTL of an hour, and visitors who come every quarter of an hour',
    rackVersion: NEWEST_RACK,
    without: (stages) =>
      changed(
        stages.filter(({ id }) => !['lower-ttl', 'confirm-low-ttl', 'await-old-ttl'].includes(id)),
        'confirm-propagation',
        sleepless,
      ),
    arrange: giveWwwAnHour,
    traffic: {
      targets: SHOP_TARGETS.filter((target) => !isWww(target)),
      regulars: { count: 20, target: firstOf(SHOP_TARGETS.filter(isWww)), everyMs: 16 * MINUTE_MS },
    },
    // It is long until an hour's answers are forgotten.
    pace: { rate: 500, scale: 45 },
  },
  {
    name: 'old-balancers-silent',
    world: 'some visitors keep DNS answers for an hour',
    rackVersion: NEWEST_RACK,
    without: (stages) =>
      changed(
        changed(stages, 'confirm-traffic', (step) => blind(step, { traffic: seeingOnlyTheNew })),
        'delete-old-app',
        (step) => blind(step, { oldTraffic: seeingNothing }),
      ),
    traffic: { clients: { ttlFactor: 60 } },
  },
  {
    name: 'healthy-before-switch',
    world: 'the new app breaks while the gate is open, and recovers',
    rackVersion: NEWEST_RACK,
    without: (stages) => changed(stages, 'switch-records', looksFine),
    onEvent: (event, { world }) => {
      if (event.type !== 'gate-opened' || event.gate !== 'approve-cutover') return;
      const recovers = world.faults.programs.add(
        { app: 'shop-gen2' },
        { otherStatus: 500, statusByPath: { '/health': 500 } },
      );
      world.clock.after(8 * MINUTE_MS, recovers);
    },
  },
  {
    name: 'verify-before-switch',
    world: 'a certificate of the new app is not on its listener',
    rackVersion: OLD_RACK,
    without: (stages) =>
      changed(
        stages.filter(({ id }) => id !== 'verify-temporary-app'),
        'switch-records',
        looksFine,
      ),
    onEvent: (event, sandbox) => {
      const isThere = event.type === 'step-finished' && event.step === 'promote-temporary-app';
      if (isThere) removeCertificates(sandbox, 'shop-gen2');
    },
  },
];

function changed(stages: readonly Stage[], id: string, change: (step: Step) => Step): readonly Stage[] {
  if (!stages.some((stage) => stage.id === id)) throw new Error(`the procedure has no step ${id}`);
  return stages.map((stage) => (stage.id === id && !isGate(stage) ? change(stage) : stage));
}

/** The step with other eyes: what it looks at in AWS is answered by these. */
function blind(step: Step, eyes: Partial<{ [K in keyof AwsPort]: (real: AwsPort) => AwsPort[K] }>): Step {
  const seeing = (context: StepContext): StepContext => {
    const { aws } = context.ports;
    const changes = Object.entries(eyes).map(([name, eye]) => [name, eye(aws)] as const);
    return { ...context, ports: { ...context.ports, aws: { ...aws, ...Object.fromEntries(changes) } } };
  };
  return { ...step, run: (context, signal) => step.run(seeing(context), signal) };
}

function sleepless(step: Step): Step {
  return { ...step, run: (context, signal) => step.run({ ...context, sleep: () => Promise.resolve() }, signal) };
}

function copyWithDomains(step: Step): Step {
  return {
    ...step,
    async run(context, signal) {
      const { facts, ports } = context;
      const env = withDomains(await ports.rack.environment.get(facts.temporaryApp, signal), facts.services, 'on');
      await context.once('set', () => setEnvironment(context, facts.app, env, signal));
      return 'copied with its domains';
    },
  };
}

const coveringEverything = (): AwsPort['listenerCertificates'] => () =>
  Promise.resolve([
    {
      arn: 'arn:aws:acm:us-east-1:123456789012:certificate/imagined',
      names: ['shop.example.com', 'www.shop.example.com', 'api.corp.example.com'],
      ownerApp: undefined,
      isValid: true,
    },
  ]);

const seeingOnlyTheNew =
  (real: AwsPort): AwsPort['traffic'] =>
  async (request, signal) => ({ ...(await real.traffic(request, signal)), oldRequests: 0 });

const seeingNothing = (): AwsPort['oldTraffic'] => () => Promise.resolve({ requests: 0, says: '' });

/** The watch over the move is a second line of each check before it: it is blind here too. */
function looksFine(step: Step): Step {
  return blind(step, { targetHealth: seeingHealth, probe: seeingGoodAnswers });
}

const seeingGoodAnswers = (): AwsPort['probe'] => () =>
  Promise.resolve({ status: 200, problem: undefined, tookMs: 1, says: 'HTTP 200' });

const seeingHealth = (): AwsPort['targetHealth'] => () => Promise.resolve({ healthy: 1, total: 1, problems: [] });

/** Takes the app's own certificates off every listener. */
function removeCertificates({ world }: Sandbox, app: string): void {
  for (const { listeners } of world.balancing.loadBalancers.values()) {
    for (const { arn, certificateArns } of listeners.values()) {
      for (const certificateArn of [...certificateArns]) {
        const tags = world.acm.certificates.get(certificateArn)?.tags;
        if (tags?.get('Name') === app) world.balancing.removeListenerCertificate(arn, certificateArn);
      }
    }
  }
}

function giveWwwAnHour({ world }: Sandbox): void {
  for (const zone of world.route53.zones.values()) {
    const record = zone.recordSets.find(({ name }) => name === 'www.shop.example.com.');
    if (record !== undefined) {
      world.route53.change(zone.id, [{ action: 'UPSERT', recordSet: { ...record, ttl: 3600 } }]);
    }
  }
}

function isWww({ host }: { readonly host: string }): boolean {
  return host.startsWith('www.');
}

function firstOf<T>([first]: readonly T[]): T {
  if (first === undefined) throw new Error('nobody asks for such a name');
  return first;
}
