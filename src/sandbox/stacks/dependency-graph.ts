import type { ResourceTemplate, StackTemplate } from '../model/stacks.ts';
import { AwsRefusal } from '../world.ts';

/** What must be there before a resource: its DependsOn and every resource of the stack that its properties refer to. */
export function dependenciesOf(resource: ResourceTemplate): readonly string[] {
  const names = new Set(resource.dependsOn);
  resource.properties((logicalId) => {
    names.add(logicalId);
    return '';
  });
  names.delete(resource.logicalId);
  return [...names];
}

/** Dependencies by logical id; throws `ValidationError` for a name that is not in the template, or a circle. */
export function dependencyGraph(template: StackTemplate): ReadonlyMap<string, readonly string[]> {
  const graph = new Map(template.resources.map((resource) => [resource.logicalId, dependenciesOf(resource)]));
  for (const [id, dependencies] of graph) {
    const missing = dependencies.find((dependency) => !graph.has(dependency));
    if (missing !== undefined) {
      throw new AwsRefusal(
        'ValidationError',
        `Template format error: Unresolved resource dependencies [${missing}] in the Resources block of the template (${id})`,
      );
    }
  }
  refuseCircles(graph);
  return graph;
}

function refuseCircles(graph: ReadonlyMap<string, readonly string[]>): void {
  const clear = new Set<string>();
  const walk = (id: string, path: readonly string[]): void => {
    if (clear.has(id)) return;
    if (path.includes(id)) {
      throw new AwsRefusal('ValidationError', `Circular dependency between resources: [${path.join(', ')}]`);
    }
    for (const dependency of graph.get(id) ?? []) walk(dependency, [...path, id]);
    clear.add(id);
  };
  for (const id of graph.keys()) walk(id, []);
}

/** The same graph with the arrows turned round: what must be gone before a node may go. */
export function reversed(graph: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const turned = new Map<string, string[]>([...graph.keys()].map((id) => [id, []]));
  for (const [id, dependencies] of graph) for (const dependency of dependencies) turned.get(dependency)?.push(id);
  return turned;
}

/**
 * Visits every node after the nodes it depends on, independent ones at the same time. A node is left out when a visit
 * before it returned false. Resolves when all visits have ended; true when all were good.
 */
export async function visitInOrder(
  graph: ReadonlyMap<string, readonly string[]>,
  visit: (id: string) => Promise<boolean>,
): Promise<boolean> {
  const visits = new Map<string, Promise<boolean>>();
  const start = (id: string): Promise<boolean> => {
    const known = visits.get(id);
    if (known !== undefined) return known;
    const before = (graph.get(id) ?? []).filter((dependency) => graph.has(dependency)).map(start);
    const result = Promise.all(before).then((good) => (good.every(Boolean) ? visit(id) : false));
    visits.set(id, result);
    return result;
  };
  const results = await Promise.all([...graph.keys()].map(start));
  return results.every(Boolean);
}
