import { describe, expect, it } from 'vitest';
import { ask } from './ask.ts';
import { makeAlb, makeGroup, route, runApp, startNetworkWorld, stopNetworkWorld } from './network-world.ts';

describe('two sandboxes of one seed on one machine', () => {
  it('have the same addresses and different ports, and do not hear of each other', async () => {
    const worlds = await Promise.all([startNetworkWorld(), startNetworkWorld()]);
    const replies = await Promise.all(
      worlds.map(async (world, index) => {
        const alb = await makeAlb(world);
        const group = makeGroup(world, 'shop');
        route(world, alb, ['shop.example.com'], group);
        runApp(world, { app: `shop-${index}`, groups: [group] });
        const [address] = alb.balancer.addresses;
        const reply = await ask({ address, port: world.dataPlane.ports()[80], host: 'shop.example.com' });
        return { address, app: reply.headers['x-app'] };
      }),
    );
    await Promise.all(worlds.map(stopNetworkWorld));

    expect(replies.map(({ app }) => app)).toEqual(['shop-0', 'shop-1']);
    expect(replies[0]?.address).toBe(replies[1]?.address);
  });
});
