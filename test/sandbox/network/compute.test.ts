import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TargetGroup } from '../../../src/sandbox/model/load-balancing.ts';
import { ask } from './ask.ts';
import {
  HTTP_CHECK,
  makeAlb,
  makeGroup,
  route,
  runApp,
  startNetworkWorld,
  stopNetworkWorld,
  taskDefinition,
  until,
  type Alb,
  type NetworkWorld,
} from './network-world.ts';

let world: NetworkWorld;
let alb: Alb;
let group: TargetGroup;

beforeEach(async () => {
  world = await startNetworkWorld();
  alb = await makeAlb(world);
  group = makeGroup(world, 'shop-web');
  route(world, alb, ['shop.example.com'], group);
});

afterEach(() => stopNetworkWorld(world));

const states = () => [...group.targets.values()].map(({ state }) => state);
const get = () =>
  ask({ address: alb.balancer.addresses[0], port: world.dataPlane.ports()[80], host: 'shop.example.com' });

describe('an ECS service', () => {
  it('pulls its image, registers its tasks, boots them, and is stable once they are healthy', async () => {
    const service = runApp(world, { count: 2, groups: [group] }, { settled: false });
    const seen = new Set<string>();

    expect(world.compute.tasks().map(({ state }) => state)).toEqual(['pending', 'pending']);
    await until(() => {
      for (const { listening } of world.compute.tasks()) seen.add(`${states()[0] ?? 'none'} ${listening}`);
      return world.compute.isStable(service.id);
    });

    expect([...seen]).toEqual(expect.arrayContaining(['none false', 'initial false']));
    expect(states()).toEqual(['healthy', 'healthy']);
  });

  it('says why a target is unhealthy, as Elastic Load Balancing does', async () => {
    group.healthCheck.path = '/moved';
    runApp(world, { program: { statusByPath: { '/moved': 301 } }, groups: [group] }, { settled: false });

    await until(() => states().includes('unhealthy'));
    const target = [...group.targets.values()].find(({ state }) => state === 'unhealthy');

    expect(target).toMatchObject({
      reason: 'Target.ResponseCodeMismatch',
      description: 'Health checks failed with these codes: [301]',
    });
  });

  it('is asked with an address as Host, which a program with a list of hosts refuses', async () => {
    runApp(world, { program: { allowedHosts: ['shop.example.com'] }, groups: [group] }, { settled: false });

    await until(() => states().includes('unhealthy'));

    expect([...group.targets.values()][0]!.description).toBe('Health checks failed with these codes: [400]');
  });

  it('accepts ranges of codes, and replaces a task whose checks fail, but not within its grace period', async () => {
    group.healthCheck = { ...HTTP_CHECK, path: '/moved', matcher: '200-399,401' };
    const program = { statusByPath: { '/moved': 404 } };
    runApp(world, { program, groups: [group], graceSeconds: 90 }, { settled: false });
    await until(() => states().includes('unhealthy'));
    const first = world.compute.tasks()[0]!;

    const replacedAt = await until(() => !world.compute.tasks().includes(first)).then(() => world.clock.now());

    expect(replacedAt - first.startedAt!).toBeGreaterThan(90_000);
    group.healthCheck.path = '/';
    await until(() => states().includes('healthy'));
  });

  it('replaces its tasks one deployment after the other without ever answering an error', async () => {
    const service = runApp(world, { count: 2, groups: [group] });
    const statuses: number[] = [];
    const visit = new AbortController();
    const visitor = (async () => {
      while (!visit.signal.aborted) statuses.push((await get()).status);
    })();

    world.compute.updateService(service.id, { taskDefinition: taskDefinition({ app: 'shop' }, 'RBBBBBBBBBB') });
    expect(world.compute.isStable(service.id)).toBe(false);
    await until(() => world.compute.isStable(service.id));
    visit.abort();
    await visitor;

    expect((await get()).headers['x-release']).toBe('RBBBBBBBBBB');
    expect(statuses.length).toBeGreaterThan(20);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  it('stays within its percentages while it deploys', async () => {
    const service = runApp(world, { count: 4, groups: [group], minimumPercent: 50, maximumPercent: 100 });
    const live: number[] = [];

    world.compute.updateService(service.id, { taskDefinition: taskDefinition({}, 'RBBBBBBBBBB') });
    await until(() => {
      live.push(world.compute.tasks().filter(({ state }) => state === 'pending' || state === 'running').length);
      return world.compute.isStable(service.id);
    });

    expect(Math.max(...live)).toBe(4);
    expect(Math.min(...live)).toBeGreaterThanOrEqual(2);
  });

  it('never replaces healthy tasks by ones that fail their checks', async () => {
    const service = runApp(world, { count: 2, groups: [group] });
    const bad = taskDefinition({ program: { statusByPath: { '/health': 500 } } }, 'RBADBADBADB');

    world.compute.updateService(service.id, { taskDefinition: bad });
    const tried = new Set<string>();
    await until(() => {
      for (const { id, definition } of world.compute.tasks()) if (definition === bad) tried.add(id);
      return tried.size >= 4;
    });
    const replies = await Promise.all([get(), get(), get(), get()]);

    expect(replies.map((reply) => reply.headers['x-release'])).toEqual(Array(4).fill('RAAAAAAAAAA'));
    expect(world.compute.isStable(service.id)).toBe(false);
  });

  it('drains for the deregistration delay, finishing answers that have begun, and then stops', async () => {
    const service = runApp(world, { program: { latencyMs: 150 }, groups: [group] });
    const begun = get();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedAt = world.clock.now();

    const deleted = world.compute.deleteService(service.id);
    const [target] = group.targets.values();
    const refused = await get();
    await deleted;

    expect(target).toMatchObject({ state: 'draining', reason: 'Target.DeregistrationInProgress' });
    expect(refused.status).toBe(503);
    expect((await begun).status).toBe(200);
    expect(world.clock.now() - startedAt).toBeGreaterThanOrEqual(30_000 - 100);
    expect(group.targets.size).toBe(0);
    expect(world.compute.tasks()).toEqual([]);
  });

  it('changes how it behaves while it runs, and back', async () => {
    runApp(world, { app: 'shop', groups: [group] });

    const end = world.faults.programs.add({ app: 'shop' }, { errorShare: 1, statusByPath: { '/health': 302 } });
    const failing = await get();
    await until(() => [...group.targets.values()].some(({ description }) => description?.includes('[302]') === true));
    end();
    const again = await get();

    expect([failing.status, again.status]).toEqual([500, 200]);
  });

  it('shows targets of a group that no rule uses as unused', async () => {
    const lonely = makeGroup(world, 'lonely');
    runApp(world, { groups: [lonely] }, { settled: false });

    await until(() => [...lonely.targets.values()][0]?.reason === 'Target.NotInUse');
  });

  it('grows and shrinks with its desired count', async () => {
    const service = runApp(world, { count: 1, groups: [group] });

    world.compute.updateService(service.id, { desiredCount: 3 });
    await until(() => world.compute.isStable(service.id));
    const grown = world.compute.tasks().length;
    world.compute.updateService(service.id, { desiredCount: 0 });
    await until(() => world.compute.isStable(service.id));

    expect(grown).toBe(3);
    expect(world.compute.tasks()).toEqual([]);
  });
});
