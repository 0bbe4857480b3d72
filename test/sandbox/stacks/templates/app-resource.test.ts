import { expect, test } from 'vitest';

import { gen2AppTemplate } from '../../../../src/sandbox/stacks/templates/gen2-app.ts';
import { rackWorld, release, type StackWorld } from '../stack-world.ts';

function create(world: StackWorld, type: string): string {
  return world.cloudFormation.createStack({
    name: 'convox-shop',
    template: gen2AppTemplate(world, {
      app: 'shop',
      rackVersion: world.settings.rackVersion,
      parameters: new Map(),
      release: release('R1', `resources:\n  main:\n    type: ${type}\nservices:\n  web:\n    resources: [main]\n`),
    }),
    parameters: new Map(),
  });
}

test.each(['20171213132441', '20260421192651'])(
  'on rack %s a resource is a stack of its own, whose URL the service sees',
  async (version) => {
    const world = await rackWorld({ version });
    const arn = create(world, 'postgres');
    await world.cloudFormation.settled();

    const stack = world.cloudFormation.find(arn)!;
    const resource = world.cloudFormation.find(stack.resources.get('ResourceMain')!.physicalId)!;
    expect(stack.status).toBe('CREATE_COMPLETE');
    expect(resource.tags.get('Type')).toBe('resource');
    expect(world.compute.of('shop', 'web')?.taskDefinition.environment.get('MAIN_URL')).toMatch(
      /^postgres:\/\/.*:5432\/app$/,
    );
  },
);

test('types that the rack does not know are refused when the release is promoted', async () => {
  const world = await rackWorld();

  expect(() => create(world, 'mysql')).toThrow('no such file or directory');
  expect(() => create(world, 'elasticsearch')).toThrow('no such file or directory');
});

test('types that only the sandbox lacks are refused as such', async () => {
  const world = await rackWorld({ version: '20260421192651' });

  expect(() => create(world, 'efs')).toThrow('the sandbox does not offer resources of type efs (resource main)');
});
