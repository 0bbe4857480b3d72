import {
  startTraffic,
  type RunningTraffic,
  type TrafficOptions,
} from '../../src/sandbox/network/traffic/start-traffic.ts';
import type { ShopMigration } from './shop-migration.ts';

/** Visitors of `shop`: of both public names, one over each scheme, and of the internal one from inside. */
export function startShopTraffic(
  { sandbox: { endpoints, world } }: Pick<ShopMigration, 'sandbox'>,
  options: Partial<TrafficOptions> = {},
): RunningTraffic {
  return startTraffic({
    ...{ endpoints, clock: world.clock, ratePerSecond: 20 },
    // What the machine is too slow for is no loss of the world's.
    timeoutMs: 60_000,
    targets: [
      { host: 'shop.example.com', scheme: 'https', path: '/', view: 'public', app: 'shop' },
      { host: 'www.shop.example.com', scheme: 'http', path: '/api/ping', view: 'public', app: 'shop' },
      { host: 'api.corp.example.com', scheme: 'http', path: '/', view: 'vpc', app: 'shop' },
    ],
    ...options,
  });
}
