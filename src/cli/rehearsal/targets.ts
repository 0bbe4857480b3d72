import type { TrafficTarget } from '../../sandbox/network/traffic/traffic-client.ts';
import { SHOP } from '../../sandbox/scenario/shop.ts';

const [SHOP_DOMAIN, WWW_DOMAIN] = SHOP.domains;

/** What visitors of the rehearsed app ask for: both public names over both schemes, and the internal one from inside. */
export const SHOP_TARGETS: readonly TrafficTarget[] = [
  { host: SHOP_DOMAIN, scheme: 'https', path: '/', view: 'public', app: SHOP.app },
  { host: SHOP_DOMAIN, scheme: 'http', path: '/', view: 'public', app: SHOP.app },
  { host: WWW_DOMAIN, scheme: 'https', path: '/api/items', view: 'public', app: SHOP.app },
  { host: WWW_DOMAIN, scheme: 'http', path: '/', view: 'public', app: SHOP.app },
  { host: SHOP.internalName, scheme: 'http', path: '/items', view: 'vpc', app: SHOP.app },
];
