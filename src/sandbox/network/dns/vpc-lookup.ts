import { isIP } from 'node:net';
import { Random } from '../../random.ts';
import type { World } from '../../world.ts';
import { plainName } from './names.ts';
import { CachingResolver } from './resolver.ts';

/** How app programs find each other: the VPC's own resolver, asked in-process; throws when a name has no address. */
export function createVpcLookup(world: World): (host: string) => readonly string[] {
  const authorities = { world, random: new Random(1), nameServerAddresses: [] };
  const resolver = new CachingResolver(authorities, 'vpc');
  return (host) => {
    if (isIP(host) !== 0) return [host];
    const { answers } = resolver.resolve(plainName(host), 'A');
    const addresses = answers.flatMap((answer) => (answer.type === 'A' ? [answer.data] : []));
    if (addresses.length === 0) throw new Error(`host not found: ${host}`);
    return addresses;
  };
}
