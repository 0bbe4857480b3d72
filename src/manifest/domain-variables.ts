import { isMap, isScalar, parseDocument, type Document, type Node, type Pair } from 'yaml';
import { readGen2Manifest, type Gen2ReadOptions } from './gen2-reader.ts';
import type { Gen2Manifest } from './gen2-types.ts';

export interface DomainVariable {
  readonly service: string;
  readonly variable: string;
}

/**
 * Lets the domains of services come from variables, in a text that is otherwise the same to the letter: one build can
 * then be promoted with its domains and without them. Undefined where that cannot be done for certain, e.g. a domain
 * that comes from another map by an anchor.
 */
export function withDomainVariables(
  text: string,
  changes: readonly DomainVariable[],
  options: Gen2ReadOptions,
): string | undefined {
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false });
  const places = changes.map(({ service, variable }) => {
    const range = domainNode(document, service)?.range;
    return range === undefined || range === null ? undefined : { from: range[0], to: range[1], variable };
  });
  if (document.errors.length > 0 || places.includes(undefined)) return undefined;
  const changed = places
    .filter((place) => place !== undefined)
    .toSorted((a, b) => b.from - a.from)
    .reduce((now, { from, to, variable }) => {
      // The range of a list in block style ends with its last line.
      const tail = now.slice(from, to).endsWith('\n') ? '\n' : '';
      return `${now.slice(0, from)}"\${${variable}}"${tail}${now.slice(to)}`;
    }, text);
  return isSameBesides(text, changed, changes, options) ? changed : undefined;
}

function domainNode(document: Document, service: string): Node | undefined {
  const services = document.contents === null ? undefined : valueOf(document.contents, 'services');
  const map = services === undefined ? undefined : valueOf(services, service);
  return map === undefined ? undefined : valueOf(map, 'domain');
}

/** The value of a map's own key; Go's YAML takes the last of several. */
function valueOf(node: Node, key: string): Node | undefined {
  if (!isMap(node)) return undefined;
  // Without an explicit type, `items` holds pairs of nodes.
  const pairs = node.items as Pair<Node, Node | null>[];
  return pairs.findLast((pair) => isScalar(pair.key) && pair.key.value === key)?.value ?? undefined;
}

/** Read again as the rack reads it: nothing but the domains may have changed. */
function isSameBesides(
  before: string,
  after: string,
  changes: readonly DomainVariable[],
  options: Gen2ReadOptions,
): boolean {
  const [old, changed] = [readGen2Manifest(before, options).manifest, readGen2Manifest(after, options).manifest];
  if (old === undefined || changed === undefined) return false;
  const isTaken = changes.every(
    ({ service, variable }) => changed.services.find(({ name }) => name === service)?.domain?.variable === variable,
  );
  return isTaken && essence(old, changes) === essence(changed, changes);
}

/** Everything but places, and but the domains that change. */
function essence(manifest: Gen2Manifest, changes: readonly DomainVariable[]): string {
  const services = manifest.services.map((service) => ({
    ...service,
    domain: changes.some((change) => change.service === service.name) ? undefined : service.domain,
    keys: [...service.keys.keys()].filter((key) => !key.startsWith('domain')),
  }));
  const { timers, resources, environment } = manifest;
  const isPlace = (key: string): boolean => key === 'at';
  return JSON.stringify({ services, timers, resources, environment, keys: [...manifest.keys.keys()] }, (key, value) =>
    isPlace(key) ? undefined : (value as unknown),
  );
}
