import { upperName } from '../stacks/templates/rack-features.ts';
import type { Api } from './api.ts';
import { getApp } from './apps.ts';
import type { StackFacts } from './stack-view.ts';

/** A rack resource's stack: a stack of type `resource` (newest) or `service` (classic name). */
export function isResource(api: Api, stack: StackFacts): boolean {
  return stack.tags.get('Type') === 'resource' && stack.tags.get('Rack') === api.rack && !stack.tags.has('App');
}

export function listResources(api: Api): readonly StackFacts[] {
  return api.view
    .list()
    .filter((stack) => isResource(api, stack))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The names of apps that a resource is linked to: its outputs `<App>Link`. */
export function linkedApps(stack: StackFacts): readonly string[] {
  const ending = 'Link';
  return [...stack.outputs.keys()]
    .filter((key) => key.endsWith(ending))
    .map((key) => dashName(key.slice(0, -ending.length)));
}

export function linkOutput(app: string): string {
  return `${upperName(app)}Link`;
}

/** `MyApp` → `my-app`. */
function dashName(name: string): string {
  return name.replace(/[A-Z]/g, (letter, at: number) => `${at === 0 ? '' : '-'}${letter.toLowerCase()}`);
}

/**
 * The names of the resources an app is linked to. Every linked app of every resource is looked up: one that does not
 * exist any more makes this fail with **its** name (convox/rack@20260421192651 provider/aws/resource.go `resourceApps`).
 */
export function resourcesLinkedTo(api: Api, app: string): readonly string[] {
  const names: string[] = [];
  for (const stack of listResources(api)) {
    const apps = linkedApps(stack).map((name) => getApp(api, name)['name']);
    if (apps.includes(app)) names.push(stack.tags.get('Name') ?? '');
  }
  return names;
}
