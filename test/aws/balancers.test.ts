import { afterEach, describe, expect, it } from 'vitest';
import {
  findRackBalancers,
  getRackBalancer,
  type BalancerAnswer,
  type RackBalancers,
} from '../../src/aws/balancers.ts';
import type { RackFacts } from '../../src/aws/rack-facts.ts';
import {
  INTERNAL,
  OUTPUTS_2017,
  PUBLIC,
  rackScript,
  STACK_ID,
  type FakeBalancer,
  type FakeRack,
} from './support/rack-script.ts';
import { startScriptedAws, type ScriptedAws } from './support/scripted-aws.ts';
import { signal } from './support/signal.ts';

const RACK: RackFacts = { name: 'convox', status: 'running', parameters: { Internal: 'Yes' }, outputs: OUTPUTS_2017 };
const API: FakeBalancer = { name: 'convox', dnsName: 'convox-1122334455.us-east-1.elb.amazonaws.com' };
const OTHER_RACK: FakeBalancer = {
  name: 'other-rti',
  dnsName: 'internal-other-rti-7.us-east-1.elb.amazonaws.com',
  scheme: 'internal',
  vpc: 'vpc-2',
  tags: { Rack: 'other' },
};
const both = { Router: PUBLIC, RouterInternal: INTERNAL, Balancer: API };
const withTags = (balancer: FakeBalancer, tags: Readonly<Record<string, string>>): FakeBalancer => ({
  ...balancer,
  tags,
});

let aws: ScriptedAws | undefined;
afterEach(async () => {
  await aws?.close();
  aws = undefined;
});

async function find(fake: FakeRack, rack: RackFacts = RACK): Promise<RackBalancers> {
  aws = await startScriptedAws(rackScript(fake));
  return findRackBalancers({ rack, clients: aws.clients() }, signal);
}

function balancer(answer: BalancerAnswer) {
  if (!answer.found) throw answer.error;
  return answer.balancer;
}

function error(answer: BalancerAnswer) {
  if (answer.found) throw new Error(`found ${answer.balancer.dnsName}`);
  return answer.error;
}

describe('findRackBalancers with the rack’s facts and AWS', () => {
  it('finds both routers by logical id and the classic API balancer, though 20171213132441 has no DomainInternal', async () => {
    const found = await find({ resources: both });

    expect(balancer(found.public)).toMatchObject({
      dnsName: PUBLIC.dnsName,
      how: 'logical-id',
      crossChecked: true,
      scheme: 'internet-facing',
    });
    expect(balancer(found.internal)).toMatchObject({
      dnsName: INTERNAL.dnsName,
      canonicalHostedZoneId: 'Z35SXDOTRQ7X7K',
      scheme: 'internal',
    });
    expect(balancer(found.internal).metricName).toMatch(/^app\/convox-rti\//);
    expect(balancer(found.api)).toMatchObject({ kind: 'classic', dnsName: API.dnsName });
    expect(found.deniedActions).toEqual([]);
  });

  it('works from the rack’s name alone', async () => {
    const found = await find({ resources: both }, { name: 'convox' });

    expect(balancer(found.internal).dnsName).toBe(INTERNAL.dnsName);
    expect(found.stack?.arn).toBe(STACK_ID);
  });

  it('finds the API balancer that is an ALB since 20221129130331', async () => {
    const api: FakeBalancer = { name: 'convox', dnsName: 'convox-99.us-east-1.elb.amazonaws.com' };
    const outputs = { ...OUTPUTS_2017, Dashboard: 'rack.convox-99.us-east-1.convox.site' };

    const found = await find(
      { resources: { Router: PUBLIC, RouterInternal: INTERNAL, ApiBalancer: api }, outputs },
      { ...RACK, outputs },
    );

    expect(balancer(found.api)).toMatchObject({ kind: 'application', dnsName: api.dnsName });
  });

  it('takes the public router for the API where ApiRouter=ALB', async () => {
    const outputs = { ...OUTPUTS_2017, Dashboard: `rack.${OUTPUTS_2017.RouterHost}` };

    const found = await find({ resources: both, outputs }, { ...RACK, outputs });

    expect(balancer(found.api).dnsName).toBe(PUBLIC.dnsName);
  });

  it('says that Internal=No means there is no internal balancer', async () => {
    const parameters = { Internal: 'No' };

    const found = await find({ resources: { Router: PUBLIC }, parameters }, { ...RACK, parameters });

    expect(error(found.internal)).toMatchObject({
      code: 'RACK_INTERNAL_DISABLED',
      hint: expect.stringContaining('Internal=Yes') as string,
    });
    expect(found.public.found).toBe(true);
  });

  it('says that InternalOnly=Yes means there is no public balancer', async () => {
    const found = await find({
      resources: { RouterInternal: INTERNAL },
      parameters: { Internal: 'Yes', InternalOnly: 'Yes' },
    });

    expect(error(found.public).code).toBe('RACK_PUBLIC_DISABLED');
  });

  it.each(['UPDATE_IN_PROGRESS', 'UPDATE_ROLLBACK_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'])(
    'does not answer while the rack is being changed: %s',
    async (status) => {
      await expect(find({ resources: both, status })).rejects.toMatchObject({
        code: 'RACK_STACK_STATE',
        retryable: true,
      });
    },
  );

  it.each(['ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_FAILED', 'DELETE_FAILED', 'DELETE_COMPLETE'])(
    'stops for a rack whose stack is %s',
    async (status) => {
      await expect(find({ resources: both, status })).rejects.toMatchObject({
        code: 'RACK_STACK_STATE',
        retryable: false,
      });
    },
  );

  it('accepts a rack whose last update was rolled back', async () => {
    const found = await find({ resources: both, status: 'UPDATE_ROLLBACK_COMPLETE' });

    expect(found.public.found).toBe(true);
  });

  it('refuses a balancer that was replaced since the rack’s facts were read, naming both names', async () => {
    const replaced = { ...INTERNAL, dnsName: 'internal-convox-new-999.us-east-1.elb.amazonaws.com' };

    const found = await find({ resources: { ...both, RouterInternal: replaced } });

    expect(error(found.internal)).toMatchObject({
      code: 'BALANCER_MISMATCH',
      message: expect.stringMatching(/convox-new-999.*internal-convox-rti-1234567/) as string,
    });
  });

  it.each([
    ['scheme', { ...INTERNAL, scheme: 'internet-facing' }],
    ['network', { ...INTERNAL, vpc: 'vpc-9' }],
    ['type', { ...INTERNAL, type: 'network' }],
    ['failed', { ...INTERNAL, state: 'failed' }],
  ])('refuses a balancer with the wrong %s', async (word, wrong) => {
    const found = await find({ resources: { ...both, RouterInternal: wrong } });

    expect(error(found.internal)).toMatchObject({
      code: 'BALANCER_MISMATCH',
      message: expect.stringContaining(word) as string,
    });
  });

  it('waits for a balancer that is still being made', async () => {
    const found = await find({ resources: { ...both, Router: { ...PUBLIC, state: 'provisioning' } } });

    expect(error(found.public)).toMatchObject({ code: 'RACK_STACK_STATE', retryable: true });
  });

  it('warns of an impaired balancer', async () => {
    const found = await find({ resources: { ...both, Router: { ...PUBLIC, state: 'active_impaired' } } });

    expect(balancer(found.public).warnings).toHaveLength(1);
  });

  it('compares names without regard to letter case', async () => {
    const outputs = { ...OUTPUTS_2017, Domain: PUBLIC.dnsName.toLowerCase() };

    const found = await find({ resources: both }, { ...RACK, outputs });

    expect(found.public.found).toBe(true);
  });

  it('refuses credentials of another account before looking anything up', async () => {
    await expect(find({ resources: both, account: '210987654321' })).rejects.toMatchObject({
      code: 'AWS_ACCOUNT_MISMATCH',
    });
    expect(aws!.calls).toEqual(['GetCallerIdentity']);
  });

  it('refuses clients of another region', async () => {
    aws = await startScriptedAws(rackScript({ resources: both }));

    const search = findRackBalancers({ rack: RACK, clients: aws.clients({ region: 'eu-west-1' }) }, signal);

    await expect(search).rejects.toMatchObject({ code: 'AWS_REGION' });
  });

  it('says that there is no such stack here when only a wrong name is known', async () => {
    await expect(find({ resources: both }, { name: 'wrong' })).rejects.toMatchObject({ code: 'AWS_NOT_FOUND' });
  });

  it('does not answer while the Rack API says it is updating', async () => {
    await expect(find({ resources: both }, { ...RACK, status: 'updating' })).rejects.toMatchObject({
      code: 'RACK_STACK_STATE',
    });
  });
});

describe('findRackBalancers with fewer permissions', () => {
  const noResources = ['DescribeStackResource'];

  it('finds a balancer by the DNS name in the outputs, on whatever page it is', async () => {
    const others = Array.from({ length: 7 }, (_, at) => ({
      name: `lb-${at}`,
      dnsName: `lb-${at}.us-east-1.elb.amazonaws.com`,
    }));

    const found = await find({
      resources: both,
      denied: noResources,
      balancers: [...others, OTHER_RACK, PUBLIC, INTERNAL],
      pageSize: 3,
    });

    expect(balancer(found.internal)).toMatchObject({ dnsName: INTERNAL.dnsName, how: 'dns-name', crossChecked: true });
    expect(found.deniedActions).toEqual(['cloudformation:DescribeStackResource']);
  });

  const bare: RackFacts = { ...RACK, outputs: { StackId: STACK_ID, Vpc: 'vpc-1' } };

  it('finds it by CloudFormation’s tags when no output tells its name', async () => {
    const stack = { 'aws:cloudformation:stack-name': 'convox' };
    const balancers = [
      withTags(INTERNAL, { ...stack, 'aws:cloudformation:logical-id': 'RouterInternal' }),
      withTags(PUBLIC, { ...stack, 'aws:cloudformation:logical-id': 'Router' }),
      OTHER_RACK,
    ];

    const found = await find({ resources: both, denied: noResources, balancers, outputs: bare.outputs! }, bare);

    expect(balancer(found.internal)).toMatchObject({ dnsName: INTERNAL.dnsName, how: 'stack-tags' });
    expect(balancer(found.public).how).toBe('stack-tags');
  });

  it('finds it by the tag Rack, setting the API’s own balancer aside: three balancers have that tag', async () => {
    const api: FakeBalancer = {
      name: 'convox-i',
      dnsName: 'internal-convox-i-5.us-east-1.elb.amazonaws.com',
      scheme: 'internal',
      tags: { Rack: 'convox' },
    };
    const balancers = [api, withTags(INTERNAL, { Rack: 'convox' }), withTags(PUBLIC, { Rack: 'convox' }), OTHER_RACK];
    const parameters = { Internal: 'Yes', PrivateApi: 'Yes' };

    const found = await find(
      { resources: both, denied: noResources, balancers, outputs: bare.outputs!, parameters },
      { ...bare, parameters },
    );

    expect(balancer(found.internal)).toMatchObject({ dnsName: INTERNAL.dnsName, how: 'rack-tag' });
    expect(balancer(found.public)).toMatchObject({ dnsName: PUBLIC.dnsName, how: 'rack-tag' });
    expect(balancer(found.api)).toMatchObject({ dnsName: api.dnsName });
  });

  it('finds the internal one by its name last, with the suffix of the parameters', async () => {
    const balancers = [{ ...INTERNAL, name: 'convox-inner' }, OTHER_RACK];
    const parameters = { Internal: 'Yes', InternalRouterSuffix: '-inner' };

    const found = await find(
      { resources: both, denied: noResources, balancers, outputs: bare.outputs!, parameters },
      bare,
    );

    expect(balancer(found.internal).how).toBe('name');
  });

  it('never takes the only internal balancer there is for the rack’s', async () => {
    const balancers = [{ ...OTHER_RACK, vpc: 'vpc-1' }];

    const found = await find({ resources: {}, balancers, outputs: bare.outputs! }, bare);

    expect(error(found.internal).code).toBe('BALANCER_NOT_FOUND');
  });

  it('takes neither of two candidates', async () => {
    const balancers = [
      withTags(INTERNAL, { Rack: 'convox' }),
      withTags({ ...INTERNAL, name: 'x' }, { Rack: 'convox' }),
    ].map((one, at) => ({ ...one, name: `twin-${at}` }));

    const found = await find({ resources: {}, balancers, outputs: bare.outputs! }, bare);

    expect(error(found.internal).code).toBe('BALANCER_NOT_FOUND');
  });

  it('falls back to the rack’s outputs, unchecked, and lists all it was refused', async () => {
    const denied = ['DescribeStacks', 'DescribeLoadBalancers', 'DescribeTags'];

    const found = await find({ resources: both, denied });

    expect(balancer(found.internal)).toMatchObject({
      dnsName: INTERNAL.dnsName,
      how: 'rack-outputs',
      crossChecked: false,
    });
    expect(balancer(found.internal).warnings.join()).toContain('elasticloadbalancing:DescribeLoadBalancers');
    expect(found.deniedActions).toEqual([
      'cloudformation:DescribeStacks',
      'elasticloadbalancing:DescribeLoadBalancers',
    ]);
  });

  it('cannot do without the stack when the rack’s name is all it has', async () => {
    await expect(find({ resources: both, denied: ['DescribeStacks'] }, { name: 'convox' })).rejects.toMatchObject({
      code: 'AWS_DENIED',
      details: { action: 'cloudformation:DescribeStacks' },
    });
  });
});

describe('findRackBalancers without AWS', () => {
  it('answers from the outputs and says that it is not cross-checked', async () => {
    const found = await findRackBalancers({ rack: RACK }, signal);

    expect(balancer(found.public)).toMatchObject({
      dnsName: PUBLIC.dnsName,
      crossChecked: false,
      canonicalHostedZoneId: 'Z35SXDOTRQ7X7K',
    });
    expect(balancer(found.internal)).toMatchObject({ dnsName: INTERNAL.dnsName, scheme: 'internal', vpcId: 'vpc-1' });
    expect(balancer(found.internal).warnings).toHaveLength(1);
  });

  it('prefers DomainInternal where the rack has it', async () => {
    const outputs = { ...OUTPUTS_2017, DomainInternal: 'internal-other-1.us-east-1.elb.amazonaws.com' };

    const found = await getRackBalancer({ rack: { ...RACK, outputs }, role: 'internal' }, signal);

    expect(found.dnsName).toBe(outputs.DomainInternal);
  });

  it('throws for one role what that role lacks', async () => {
    const rack = { name: 'convox', parameters: { Internal: 'No' }, outputs: {} };

    await expect(getRackBalancer({ rack, role: 'internal' }, signal)).rejects.toMatchObject({
      code: 'RACK_INTERNAL_DISABLED',
    });
    await expect(getRackBalancer({ rack, role: 'public' }, signal)).rejects.toMatchObject({
      code: 'BALANCER_NOT_FOUND',
    });
  });
});
