import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { ResourceTemplate, Stack, StackTemplate } from '../../../src/sandbox/model/stacks.ts';
import { plainResource } from '../../../src/sandbox/stacks/resource-properties.ts';
import { stackWorld, type StackWorld } from './stack-world.ts';

interface Described {
  readonly id: string;
  readonly value: string;
  readonly dependsOn: readonly string[];
}

const IDS = ['A', 'B', 'C', 'D', 'E', 'F'] as const;

/** Some of six resources, each depending on some of those before it. */
const described: fc.Arbitrary<readonly Described[]> = fc
  .tuple(...IDS.map(() => fc.tuple(fc.boolean(), fc.constantFrom('1', '2'), fc.integer({ min: 0, max: 63 }))))
  .map((choices) => {
    const chosen = IDS.filter((_id, index) => choices[index]?.[0] === true);
    return chosen.map((id, position) => {
      const [, value = '1', mask = 0] = choices[IDS.indexOf(id)] ?? [];
      return { id, value, dependsOn: chosen.slice(0, position).filter((_other, bit) => (mask & (1 << bit)) !== 0) };
    });
  });

function templateOf(resources: readonly Described[], release: string): StackTemplate {
  return {
    resources: resources.map(({ id, value, dependsOn }): ResourceTemplate =>
      plainResource(id, 'AWS::IAM::Role', { value }, { dependsOn }),
    ),
    outputs: () => [{ key: 'Release', value: release, exportName: undefined }],
  };
}

async function inWorld(act: (world: StackWorld) => Promise<void>): Promise<void> {
  const world = stackWorld({ scale: 100_000 });
  try {
    await act(world);
  } finally {
    world.clock.close();
  }
}

async function create(world: StackWorld, resources: readonly Described[]): Promise<Stack> {
  const parameters = new Map([['Release', 'R1']]);
  const arn = world.cloudFormation.createStack({ name: 'S', template: templateOf(resources, 'R1'), parameters });
  await world.cloudFormation.settled();
  return world.cloudFormation.find(arn)!;
}

/** Place of the event, or -1. */
function place({ events }: Stack, logicalId: string, status: string, from = 0): number {
  return events.findIndex((event, index) => index >= from && event.logicalId === logicalId && event.status === status);
}

test('whatever depends on what: created after it, deleted before it', async () => {
  await fc.assert(
    fc.asyncProperty(described, (resources) =>
      inWorld(async (world) => {
        const stack = await create(world, resources);
        world.cloudFormation.deleteStack('S');
        await world.cloudFormation.settled();

        expect(stack.status).toBe('DELETE_COMPLETE');
        for (const { id, dependsOn } of resources) {
          for (const dependency of dependsOn) {
            expect(place(stack, dependency, 'CREATE_COMPLETE')).toBeLessThan(place(stack, id, 'CREATE_IN_PROGRESS'));
            expect(place(stack, id, 'DELETE_COMPLETE')).toBeLessThan(place(stack, dependency, 'DELETE_IN_PROGRESS'));
          }
        }
      }),
    ),
    { numRuns: 60 },
  );
});

test('whatever changes, and whatever fails: an update ends with all of the new template or all of the old one', async () => {
  await fc.assert(
    fc.asyncProperty(described, described, fc.constantFrom(undefined, ...IDS), (before, after, failing) =>
      inWorld(async (world) => {
        const stack = await create(world, before);
        const ids = new Map([...stack.resources].map(([id, { physicalId }]) => [id, physicalId]));
        if (failing !== undefined) world.cloudFormation.failNext('S', failing, 'broken');

        world.cloudFormation.updateStack('S', templateOf(after, 'R2'), new Map([['Release', 'R2']]));
        await world.cloudFormation.settled();

        const isDone = stack.status === 'UPDATE_COMPLETE';
        expect(['UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE']).toContain(stack.status);
        expect([stack.parameters.get('Release'), stack.outputs[0]?.value]).toEqual(
          isDone ? ['R2', 'R2'] : ['R1', 'R1'],
        );
        const present = [...stack.resources.values()].filter(({ status }) => status !== 'DELETE_COMPLETE');
        expect(present.map(({ logicalId }) => logicalId).toSorted()).toEqual(
          (isDone ? after : before).map(({ id }) => id),
        );
        for (const { logicalId, physicalId } of present) {
          if (ids.has(logicalId)) expect(physicalId).toBe(ids.get(logicalId));
        }
        if (failing === undefined) expect(isDone).toBe(true);
      }),
    ),
    { numRuns: 80 },
  );
});

test('whatever fails on creation: nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(described, fc.constantFrom(...IDS), (resources, failing) =>
      inWorld(async (world) => {
        world.cloudFormation.failNext('S', failing, 'broken');

        const stack = await create(world, resources);

        const isHit = resources.some(({ id }) => id === failing);
        expect(stack.status).toBe(isHit ? 'ROLLBACK_COMPLETE' : 'CREATE_COMPLETE');
        const left = [...stack.resources.values()].filter(
          ({ status, physicalId }) => status !== 'DELETE_COMPLETE' && physicalId !== '',
        );
        expect(left).toHaveLength(isHit ? 0 : resources.length);
      }),
    ),
    { numRuns: 60 },
  );
});
