import type { Sandbox } from '../../src/sandbox/sandbox.ts';

/** The weights of www.shop.example.com, the new app's first; one `undefined` while it is one record. */
export function wwwWeights({ world }: Pick<Sandbox, 'world'>): readonly (number | undefined)[] {
  const zone = [...world.route53.zones.values()].find(({ name }) => name === 'example.com.');
  return (zone?.recordSets ?? [])
    .filter(({ name }) => name === 'www.shop.example.com.')
    .toSorted((a, b) => (a.setIdentifier ?? '').localeCompare(b.setIdentifier ?? ''))
    .map(({ weight }) => weight);
}
