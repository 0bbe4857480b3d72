import { afterEach, describe, expect, test } from 'vitest';

import type { ResourceTemplate, Stack, StackTemplate } from '../../../src/sandbox/model/stacks.ts';
import { plainResource, resource } from '../../../src/sandbox/stacks/resource-properties.ts';
import { AwsRefusal } from '../../../src/sandbox/world.ts';
import { stackWorld, type StackWorld } from './stack-world.ts';

const NONE: ReadonlyMap<string, string> = new Map();

/** Slow enough that a balancer is still being made when a test has seen it begin. */
const SLOW = 150;

const worlds: StackWorld[] = [];
function newWorld(scale = 4_000): StackWorld {
  const world = stackWorld({ scale });
  worlds.push(world);
  return world;
}
afterEach(() => {
  for (const world of worlds.splice(0)) world.clock.close();
});

function template(resources: readonly ResourceTemplate[], more: Partial<StackTemplate> = {}): StackTemplate {
  return { resources, outputs: () => [], ...more };
}

function plain(
  id: string,
  properties: Record<string, string> = {},
  dependsOn: readonly string[] = [],
): ResourceTemplate {
  return plainResource(id, 'AWS::IAM::Role', properties, { dependsOn });
}

function group(path: string): ResourceTemplate {
  return resource('Group', 'AWS::ElasticLoadBalancingV2::TargetGroup', () => ({
    protocol: 'HTTP',
    port: 80,
    healthCheck: {
      protocol: 'HTTP',
      path,
      intervalSeconds: 5,
      timeoutSeconds: 4,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
      matcher: '200',
    },
    deregistrationDelaySeconds: 30,
    stickiness: true,
  }));
}

function balancer(id: string, dependsOn: readonly string[] = []): ResourceTemplate {
  return resource(id, 'AWS::ElasticLoadBalancingV2::LoadBalancer', () => ({ scheme: 'internal' }), { dependsOn });
}

async function create(world: StackWorld, name: string, what: StackTemplate, parameters = NONE): Promise<Stack> {
  const arn = world.cloudFormation.createStack({ name, template: what, parameters });
  await world.cloudFormation.settled();
  return world.cloudFormation.find(arn)!;
}

/** `logical id STATUS`, oldest first. */
function history({ events }: Stack): readonly string[] {
  return events.map(({ logicalId, status }) => `${logicalId} ${status}`);
}

function refusal(act: () => void): AwsRefusal {
  try {
    act();
  } catch (error) {
    if (error instanceof AwsRefusal) return error;
    throw error;
  }
  throw new Error('was not refused');
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('creating a stack', () => {
  test('makes resources after what they depend on and refer to, and says so in events', async () => {
    const world = newWorld();
    const c: ResourceTemplate = {
      logicalId: 'C',
      type: 'AWS::IAM::Role',
      dependsOn: [],
      properties: (ref) => ({ of: ref('A') }),
    };

    const stack = await create(world, 'S', template([plain('B', {}, ['C']), c, plain('A')]));

    expect(history(stack)).toEqual([
      'S CREATE_IN_PROGRESS',
      'A CREATE_IN_PROGRESS',
      'A CREATE_IN_PROGRESS',
      'A CREATE_COMPLETE',
      'C CREATE_IN_PROGRESS',
      'C CREATE_IN_PROGRESS',
      'C CREATE_COMPLETE',
      'B CREATE_IN_PROGRESS',
      'B CREATE_IN_PROGRESS',
      'B CREATE_COMPLETE',
      'S CREATE_COMPLETE',
    ]);
    expect(stack.events[0]).toMatchObject({ reason: 'User Initiated', physicalId: stack.arn });
    expect(stack.events[2]).toMatchObject({ reason: 'Resource creation Initiated' });
    expect(stack.events[2]!.physicalId).toMatch(/^S-A-/);
    expect(stack.arn).toMatch(/^arn:aws:cloudformation:us-east-1:123456789012:stack\/S\/[0-9a-f-]{36}$/);
  });

  test('is undone as a whole when a resource fails: the others are cancelled and everything is deleted', async () => {
    const world = newWorld();
    world.cloudFormation.failNext('S', 'Bad', 'You have reached a limit');

    const stack = await create(world, 'S', template([plain('Good'), plain('Bad', {}, ['First']), plain('First')]));

    const bad = stack.events.find(({ status }) => status === 'CREATE_FAILED')!;
    expect(bad).toMatchObject({ logicalId: 'Bad', reason: 'You have reached a limit' });
    expect(stack.events.find(({ status }) => status === 'ROLLBACK_IN_PROGRESS')?.reason).toMatch(
      /^The following resource\(s\) failed to create: \[.*Bad.*\]\. Rollback requested by user\.$/,
    );
    expect(history(stack)).toEqual(expect.arrayContaining(['Good DELETE_COMPLETE', 'First DELETE_COMPLETE']));
    expect(stack.status).toBe('ROLLBACK_COMPLETE');
    expect(refusal(() => world.cloudFormation.updateStack('S', template([]), NONE)).message).toBe(
      `Stack:${stack.arn} is in ROLLBACK_COMPLETE state and can not be updated.`,
    );
  });

  test('cancels what is still going on, with the reason that says so', async () => {
    const world = newWorld();
    world.cloudFormation.failNext('S', 'Bad', 'broken');

    const stack = await create(world, 'S', template([balancer('Slow'), plain('First'), plain('Bad', {}, ['First'])]));

    expect(
      stack.events.find(({ logicalId, status }) => logicalId === 'Slow' && status === 'CREATE_FAILED')?.reason,
    ).toBe('Resource creation cancelled');
    expect(world.balancing.loadBalancers.size).toBe(0);
  });

  test('is refused when a live stack has the name, when names are wrong, and when resources wait for each other', async () => {
    const world = newWorld();
    await create(world, 'S', template([plain('A')]));
    const { cloudFormation } = world;
    const circle = template([plain('A', {}, ['B']), plain('B', {}, ['A'])]);

    const again = refusal(() => cloudFormation.createStack({ name: 'S', template: template([]), parameters: NONE }));
    const badName = refusal(() =>
      cloudFormation.createStack({ name: 'a_b', template: template([]), parameters: NONE }),
    );
    const round = refusal(() => cloudFormation.createStack({ name: 'T', template: circle, parameters: NONE }));

    expect([again.code, again.message]).toEqual(['AlreadyExistsException', 'Stack [S] already exists']);
    expect(badName.code).toBe('ValidationError');
    expect(round.message).toMatch(/^Circular dependency between resources: \[/);
  });

  test('keeps the parameters that the template declares, with defaults for those not given', async () => {
    const world = newWorld();
    const declared = new Map([
      ['Internal', 'No'],
      ['Version', '1'],
    ]);

    const stack = await create(
      world,
      'S',
      template([plain('A')], { parameters: declared }),
      new Map([
        ['Version', '2'],
        ['Unknown', 'x'],
      ]),
    );

    expect(Object.fromEntries(stack.parameters)).toEqual({ Internal: 'No', Version: '2' });
  });

  test('ends at once when the stack is deleted meanwhile', async () => {
    const world = newWorld(SLOW);
    const arn = world.cloudFormation.createStack({
      name: 'S',
      template: template([balancer('Slow')]),
      parameters: NONE,
    });
    await until(() => world.balancing.loadBalancers.size === 1);

    world.cloudFormation.deleteStack('S');
    await world.cloudFormation.settled();

    expect(world.cloudFormation.find(arn)?.status).toBe('DELETE_COMPLETE');
    expect(world.balancing.loadBalancers.size).toBe(0);
  });
});

describe('updating a stack', () => {
  const output = (value: string): Partial<StackTemplate> => ({
    outputs: () => [{ key: 'Release', value, exportName: undefined }],
  });

  test('shows new parameters at the start and new outputs at the end', async () => {
    const world = newWorld();
    const stack = await create(
      world,
      'S',
      template([plain('A', { v: '1' })], output('R1')),
      new Map([['Release', 'R1']]),
    );

    world.cloudFormation.updateStack(
      'S',
      template([plain('A', { v: '2' })], output('R2')),
      new Map([['Release', 'R2']]),
    );
    const during = [stack.status, stack.parameters.get('Release'), stack.outputs[0]?.value];
    await world.cloudFormation.settled();

    expect(during).toEqual(['UPDATE_IN_PROGRESS', 'R2', 'R1']);
    expect([stack.status, stack.outputs[0]?.value]).toEqual(['UPDATE_COMPLETE', 'R2']);
    expect(stack.updatedAt).toBeGreaterThanOrEqual(stack.createdAt);
  });

  test('is refused when nothing would change, while another operation goes on, and for stacks that are not there', async () => {
    const world = newWorld();
    await create(world, 'S', template([plain('A')], output('R1')), new Map([['P', '1']]));

    const same = refusal(() =>
      world.cloudFormation.updateStack('S', template([plain('A')], output('R1')), new Map([['P', '1']])),
    );
    world.cloudFormation.updateStack('S', template([plain('A')], output('R2')), new Map([['P', '1']]));
    const busy = refusal(() => world.cloudFormation.updateStack('S', template([]), NONE));
    const deleting = refusal(() => world.cloudFormation.deleteStack('S'));
    const unknown = refusal(() => world.cloudFormation.updateStack('T', template([]), NONE));

    expect([same.code, same.message]).toEqual(['ValidationError', 'No updates are to be performed.']);
    expect(busy.message).toMatch(/is in UPDATE_IN_PROGRESS state and can not be updated\.$/);
    expect(deleting.message).toMatch(/cannot be deleted while in status UPDATE_IN_PROGRESS$/);
    expect(unknown.message).toBe('Stack [T] does not exist');
  });

  test('makes the new before it deletes the old, which goes in the clean-up phase', async () => {
    const world = newWorld();
    const stack = await create(world, 'S', template([plain('Old'), plain('Kept')]));

    world.cloudFormation.updateStack('S', template([plain('New'), plain('Kept')]), NONE);
    await world.cloudFormation.settled();

    expect(history(stack).slice(history(stack).indexOf('S UPDATE_IN_PROGRESS'))).toEqual([
      'S UPDATE_IN_PROGRESS',
      'New CREATE_IN_PROGRESS',
      'New CREATE_IN_PROGRESS',
      'New CREATE_COMPLETE',
      'S UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'Old DELETE_IN_PROGRESS',
      'Old DELETE_COMPLETE',
      'S UPDATE_COMPLETE',
    ]);
    expect([...stack.resources.keys()]).toEqual(['Kept', 'New']);
  });

  test('replaces what cannot change in place, and removes the replaced one last', async () => {
    const world = newWorld();
    const ofScheme = (scheme: 'internal' | 'internet-facing'): ResourceTemplate =>
      resource('LB', 'AWS::ElasticLoadBalancingV2::LoadBalancer', () => ({ scheme }));
    const stack = await create(world, 'S', template([ofScheme('internal')]));
    const before = stack.resources.get('LB')!.physicalId;

    world.cloudFormation.updateStack('S', template([ofScheme('internet-facing')]), NONE);
    await world.cloudFormation.settled();

    const after = stack.resources.get('LB')!.physicalId;
    expect(after).not.toBe(before);
    expect([...world.balancing.loadBalancers.keys()]).toEqual([after]);
    expect(
      stack.events.filter(({ logicalId }) => logicalId === 'LB').map(({ status, reason }) => reason ?? status),
    ).toEqual([
      'CREATE_IN_PROGRESS',
      'Resource creation Initiated',
      'CREATE_COMPLETE',
      'Requested update requires the creation of a new physical resource; hence creating one.',
      'Resource creation Initiated',
      'UPDATE_COMPLETE',
      'DELETE_IN_PROGRESS',
      'DELETE_COMPLETE',
    ]);
  });

  test('goes back when a resource fails: parameters, outputs, changed resources, and nothing new is left', async () => {
    const world = newWorld();
    const stack = await create(world, 'S', template([group('/old')], output('R1')), new Map([['Release', 'R1']]));
    world.cloudFormation.failNext('S', 'Bad', 'no more of these');

    world.cloudFormation.updateStack(
      'S',
      template([group('/new'), plain('New'), plain('Bad', {}, ['Group', 'New'])], output('R2')),
      new Map([['Release', 'R2']]),
    );
    await world.cloudFormation.settled();

    expect([stack.status, stack.parameters.get('Release'), stack.outputs[0]?.value]).toEqual([
      'UPDATE_ROLLBACK_COMPLETE',
      'R1',
      'R1',
    ]);
    expect([...world.balancing.targetGroups.values()].map(({ healthCheck }) => healthCheck.path)).toEqual(['/old']);
    expect(history(stack).slice(-6)).toEqual([
      'Group UPDATE_IN_PROGRESS',
      'Group UPDATE_COMPLETE',
      'S UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
      'New DELETE_IN_PROGRESS',
      'New DELETE_COMPLETE',
      'S UPDATE_ROLLBACK_COMPLETE',
    ]);
    expect(stack.events.find(({ status }) => status === 'UPDATE_ROLLBACK_IN_PROGRESS')?.reason).toBe(
      'The following resource(s) failed to create: [Bad].',
    );
    world.cloudFormation.updateStack('S', template([group('/third')]), NONE);
    await world.cloudFormation.settled();
    expect(stack.status).toBe('UPDATE_COMPLETE');
  });

  test('can be cancelled, and then goes back; otherwise there is nothing to cancel', async () => {
    const world = newWorld(SLOW);
    const stack = await create(world, 'S', template([plain('A')]));
    const early = refusal(() => world.cloudFormation.cancelUpdate('S'));

    world.cloudFormation.updateStack('S', template([plain('A'), balancer('Slow')]), NONE);
    await until(() => world.balancing.loadBalancers.size === 1);
    world.cloudFormation.cancelUpdate('S');
    await world.cloudFormation.settled();

    expect(early.message).toBe('CancelUpdateStack cannot be called from current stack status');
    expect(stack.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(world.balancing.loadBalancers.size).toBe(0);
  });

  test('that cannot go back ends in UPDATE_ROLLBACK_FAILED', async () => {
    const world = newWorld(SLOW);
    const stack = await create(world, 'S', template([group('/old')]));

    world.cloudFormation.updateStack('S', template([group('/new'), balancer('Slow', ['Group'])]), NONE);
    await until(() => world.balancing.loadBalancers.size === 1);
    world.balancing.targetGroups.clear();
    world.cloudFormation.cancelUpdate('S');
    await world.cloudFormation.settled();

    expect(stack.status).toBe('UPDATE_ROLLBACK_FAILED');
    expect(stack.events.find(({ status }) => status === 'UPDATE_FAILED')?.reason).toMatch(
      /^Target groups '.*' not found$/,
    );
  });
});

describe('deleting a stack', () => {
  test('removes dependants first, keeps what is retained, and leaves the stack readable by its ARN only', async () => {
    const world = newWorld();
    const bucket = plainResource('Bucket', 'AWS::S3::Bucket', {}, { retain: true });
    const stack = await create(world, 'S', template([plain('A'), plain('B', {}, ['A']), bucket]));

    world.cloudFormation.deleteStack('S');
    await world.cloudFormation.settled();

    const gone = history(stack).slice(history(stack).indexOf('S DELETE_IN_PROGRESS'));
    expect(gone.indexOf('B DELETE_COMPLETE')).toBeLessThan(gone.indexOf('A DELETE_IN_PROGRESS'));
    expect(gone).toContain('Bucket DELETE_SKIPPED');
    expect(world.cloudFormation.find('S')).toBeUndefined();
    expect(world.cloudFormation.find(stack.arn)).toMatchObject({ status: 'DELETE_COMPLETE' });
    expect(world.cloudFormation.list()).toEqual([]);
    const again = await create(world, 'S', template([plain('A')]));
    expect(again.arn).not.toBe(stack.arn);
  });

  test('that fails says which resource, can be repeated, and then works', async () => {
    const world = newWorld();
    const stack = await create(world, 'S', template([plain('A'), plain('B', {}, ['A'])]));
    world.cloudFormation.failNext('S', 'B', 'Instance has deletion protection');

    world.cloudFormation.deleteStack('S');
    await world.cloudFormation.settled();
    const failed = { status: stack.status, reason: stack.statusReason };
    world.cloudFormation.deleteStack('S');
    await world.cloudFormation.settled();

    expect(failed).toEqual({
      status: 'DELETE_FAILED',
      reason: 'The following resource(s) failed to delete: [B].',
    });
    expect(stack.status).toBe('DELETE_COMPLETE');
  });

  test('is refused under termination protection, and accepted for a name that nobody has', async () => {
    const world = newWorld();
    const stack = await create(world, 'S', template([plain('A')]));
    stack.terminationProtection = true;

    const refused = refusal(() => world.cloudFormation.deleteStack('S'));

    expect(refused.message).toBe('Stack [S] cannot be deleted while TerminationProtection is enabled');
    expect(() => world.cloudFormation.deleteStack('T')).not.toThrow();
  });

  test('fails while another stack uses one of its exports, and so does an update that drops the export', async () => {
    const world = newWorld();
    const exporting: Partial<StackTemplate> = { outputs: () => [{ key: 'Role', value: 'r', exportName: 'S:Role' }] };
    const stack = await create(world, 'S', template([plain('A')], exporting));
    await create(world, 'T', template([plain('A')], { imports: ['S:Role'] }));

    world.cloudFormation.updateStack('S', template([plain('A')]), NONE);
    await world.cloudFormation.settled();
    const updated = [stack.status, stack.outputs[0]?.exportName];
    world.cloudFormation.deleteStack('S');
    await world.cloudFormation.settled();

    expect(updated).toEqual(['UPDATE_ROLLBACK_COMPLETE', 'S:Role']);
    expect(stack).toMatchObject({
      status: 'DELETE_FAILED',
      statusReason: 'Export S:Role cannot be deleted as it is in use by T',
    });
  });

  test('an import that nobody exports undoes the creation', async () => {
    const world = newWorld();

    const stack = await create(world, 'T', template([plain('A')], { imports: ['S:Role'] }));

    expect(stack.status).toBe('ROLLBACK_COMPLETE');
    expect(stack.events.find(({ status }) => status === 'ROLLBACK_IN_PROGRESS')?.reason).toBe(
      'No export named S:Role found. Rollback requested by user.',
    );
  });
});

describe('a stack inside a stack', () => {
  const inner = (resources: readonly ResourceTemplate[]): ResourceTemplate =>
    resource('Inner', 'AWS::CloudFormation::Stack', () => ({
      template: template(resources),
      parameters: NONE,
      tags: new Map([['Type', 'service']]),
    }));
  const nestedOf = (world: StackWorld, stack: Stack): Stack =>
    world.cloudFormation.find(stack.resources.get('Inner')!.physicalId)!;

  test('waits with its clean-up until the parent cleans up', async () => {
    const world = newWorld(SLOW);
    const stack = await create(world, 'S', template([inner([plain('Old')])]));
    const nested = nestedOf(world, stack);

    world.cloudFormation.updateStack('S', template([inner([plain('New')]), balancer('Slow')]), NONE);
    await until(() => nested.status === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    const meanwhile = [stack.status, nested.resources.has('Old')];
    await world.cloudFormation.settled();

    expect(meanwhile).toEqual(['UPDATE_IN_PROGRESS', true]);
    expect([stack.status, nested.status, nested.resources.has('Old')]).toEqual([
      'UPDATE_COMPLETE',
      'UPDATE_COMPLETE',
      false,
    ]);
  });

  test('that was updated goes back when its parent does', async () => {
    const world = newWorld();
    const stack = await create(world, 'S', template([inner([plain('Old')])]));
    const nested = nestedOf(world, stack);
    world.cloudFormation.failNext('S', 'Bad', 'broken');

    world.cloudFormation.updateStack('S', template([inner([plain('New')]), plain('Bad', {}, ['Inner'])]), NONE);
    await world.cloudFormation.settled();

    expect([stack.status, nested.status]).toEqual(['UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE']);
    expect([...nested.resources.keys()]).toContain('Old');
    expect(history(nested)).toContain('New DELETE_COMPLETE');
  });

  test('that fails to update takes its parent back, which names the embedded stack and its reason', async () => {
    const world = newWorld();
    const stack = await create(world, 'S', template([inner([plain('Old')])]));
    const nested = nestedOf(world, stack);
    world.cloudFormation.failNext('S', 'New', 'broken');

    world.cloudFormation.updateStack('S', template([inner([plain('Old'), plain('New')])]), NONE);
    await world.cloudFormation.settled();

    expect(stack.events.find(({ status }) => status === 'UPDATE_FAILED')?.reason).toBe(
      `Embedded stack ${nested.arn} was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: The following resource(s) failed to create: [New].`,
    );
    expect([stack.status, nested.status]).toEqual(['UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE']);
  });

  test('that cannot be created is deleted with its parent', async () => {
    const world = newWorld();
    world.cloudFormation.failNext('S', 'New', 'broken');

    const stack = await create(world, 'S', template([inner([plain('New')])]));

    const nested = world.cloudFormation.find(stack.resources.get('Inner')!.physicalId)!;
    expect(stack.events.find(({ status }) => status === 'CREATE_FAILED')?.reason).toMatch(
      /^Embedded stack .* was not successfully created: The following resource\(s\) failed to create: \[New\]\.$/,
    );
    expect([stack.status, nested.status]).toEqual(['ROLLBACK_COMPLETE', 'DELETE_COMPLETE']);
  });

  test('is left alone when nothing in it changes, and goes with its parent', async () => {
    const world = newWorld();
    const stack = await create(world, 'S', template([inner([plain('Old')])]));
    const nested = nestedOf(world, stack);

    world.cloudFormation.updateStack('S', template([inner([plain('Old')]), plain('Other')]), NONE);
    await world.cloudFormation.settled();
    const untouched = nested.status;
    world.cloudFormation.deleteStack('S');
    await world.cloudFormation.settled();

    expect(untouched).toBe('CREATE_COMPLETE');
    expect([stack.status, nested.status]).toEqual(['DELETE_COMPLETE', 'DELETE_COMPLETE']);
  });
});
