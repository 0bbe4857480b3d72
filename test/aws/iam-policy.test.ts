import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listAppBalancers } from '../../src/aws/app-balancers.ts';
import { findRackBalancers } from '../../src/aws/balancers.ts';
import { readBalancerQuotas } from '../../src/aws/balancer-quotas.ts';
import { findUsableCertificate } from '../../src/aws/certificate-match.ts';
import { chooseZones } from '../../src/aws/dns/choose-zones.ts';
import { recordsPointingAt } from '../../src/aws/dns/records.ts';
import { listListenerCertificates, listListenerRules, listListeners } from '../../src/aws/listener-rules.ts';
import { findMissingPermissions } from '../../src/aws/permissions.ts';
import { createAwsClients } from '../../src/aws/clients.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { signal } from './support/signal.ts';

interface Statement {
  readonly Sid: string;
  readonly Action: readonly string[];
}

const policy = JSON.parse(await readFile('docs/iam-policy.json', 'utf8')) as {
  readonly Statement: readonly Statement[];
};
const allowed = policy.Statement.flatMap(({ Action }) => Action);

/** IAM's prefix for each SDK package. */
const PREFIXES: Readonly<Record<string, string>> = {
  acm: 'acm',
  cloudformation: 'cloudformation',
  cloudwatch: 'cloudwatch',
  'elastic-load-balancing': 'elasticloadbalancing',
  'elastic-load-balancing-v2': 'elasticloadbalancing',
  'route-53': 'route53',
  sts: 'sts',
};

/** Actions that no command is named for: RequestCertificate with tags needs it too (ACM user guide, API permissions). */
const IMPLIED = ['acm:AddTagsToCertificate'];

/** The IAM action of every command and paginator imported anywhere in src/aws. */
async function actionsInSource(): Promise<ReadonlySet<string>> {
  const files = (await readdir('src/aws', { recursive: true })).filter((file) => file.endsWith('.ts'));
  const actions = new Set<string>();
  for (const file of files) {
    const text = await readFile(join('src/aws', file), 'utf8');
    for (const [, names = '', service = ''] of text.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([\w-]+)'/g)) {
      for (const name of names.split(',').map((part) => part.trim())) {
        const operation = /^(?:paginate(\w+)|(\w+)Command)$/.exec(name);
        if (operation !== null) actions.add(`${PREFIXES[service]!}:${operation[1] ?? operation[2]!}`);
      }
    }
  }
  return actions;
}

const sandbox = await startSandbox({ rackParameters: { Internal: 'Yes' }, scale: 1000 });
const { world, endpoints } = sandbox;
const { accessKeyId, secretAccessKey, region } = world.settings;
const newClients = () =>
  createAwsClients({
    region,
    endpoint: endpoints.awsUrl,
    credentials: { accessKeyId, secretAccessKey },
    clock: world.clock,
  });

afterAll(() => sandbox.close());

/** Runs with every AWS action denied but those `isAllowed` lets pass. */
async function underPolicy<T>(isAllowed: (action: string) => boolean, run: () => Promise<T>): Promise<T> {
  const stop = world.faults.add(({ service, operation }) => {
    const prefix = service === 'monitoring' ? 'cloudwatch' : service;
    return service === 'rack' || isAllowed(`${prefix}:${operation}`) ? undefined : { type: 'deny' };
  });
  try {
    return await run();
  } finally {
    stop();
  }
}

describe('docs/iam-policy.json', () => {
  it('allows exactly what the code can send', async () => {
    const sent = await actionsInSource();

    expect([...allowed].toSorted()).toEqual([...sent, ...IMPLIED].toSorted());
  });

  it('names each action once', () => {
    expect(allowed).toHaveLength(new Set(allowed).size);
  });

  it('with the statement Plan alone lets everything be read that a plan needs', async () => {
    const plan = policy.Statement.find(({ Sid }) => Sid === 'Plan')!.Action;
    const clients = newClients();

    const found = await underPolicy(
      (action) => plan.includes(action),
      async () => {
        const balancers = await findRackBalancers({ rack: { name: 'convox' }, clients }, signal);
        const app = await listAppBalancers({ clients, stack: 'convox-shop', services: ['web', 'api'] }, signal);
        const targets = app.map(({ dnsName }) => dnsName);
        const records = await recordsPointingAt({ clients, targets }, signal);
        await chooseZones({ clients, name: 'shop.example.com', vpcId: 'vpc-1' }, signal);
        await findUsableCertificate(
          { clients, version: '20260421192651', domains: ['x.example.com'], nowMs: 0 },
          signal,
        );
        await readBalancerQuotas({ clients }, signal);
        if (!balancers.public.found) throw balancers.public.error;
        for (const listener of await listListeners({ clients, balancerArn: balancers.public.balancer.arn! }, signal)) {
          await listListenerRules({ clients, listenerArn: listener.arn, withOwners: true }, signal);
          await listListenerCertificates({ clients, listenerArn: listener.arn }, signal);
        }
        return { denied: balancers.deniedActions, records: records.length };
      },
    );

    expect(found).toEqual({ denied: [], records: expect.any(Number) as number });
    clients.destroy();
  });
});

describe('findMissingPermissions', () => {
  it('finds nothing missing where all is allowed, with clients that cannot write', async () => {
    const clients = createAwsClients({
      region,
      endpoint: endpoints.awsUrl,
      credentials: { accessKeyId, secretAccessKey },
      clock: world.clock,
      readOnly: true,
    });

    expect(await findMissingPermissions({ clients, stack: 'convox' }, signal)).toEqual([]);
    clients.destroy();
  });

  it('names all that is missing at once', async () => {
    const clients = newClients();
    const denied = [
      'route53:ListHostedZones',
      'cloudformation:DescribeStackResource',
      'elasticloadbalancing:DescribeRules',
    ];

    const missing = await underPolicy(
      (action) => !denied.includes(action),
      () => findMissingPermissions({ clients, stack: 'convox' }, signal),
    );

    expect(missing).toEqual(denied.toSorted());
    clients.destroy();
  });

  it('does not take expired credentials for missing permissions', async () => {
    const clients = newClients();
    const stop = world.faults.add(() => ({ type: 'error', status: 403, code: 'ExpiredToken', message: 'expired' }));

    await expect(findMissingPermissions({ clients, stack: 'convox' }, signal)).rejects.toMatchObject({
      code: 'AWS_CREDENTIALS',
    });
    stop();
    clients.destroy();
  });
});
