import { effectiveEntries } from './yaml-tree.ts';
import { parameterName } from './workspace.ts';
import type { Workspace } from './workspace.ts';

/** Keys around the services, and keys inside them that no rack looks at. */
export function reportManifestKeys(work: Workspace): void {
  const { root, syntax, services } = work.manifest;
  if (syntax === 'v2') {
    for (const entry of effectiveEntries(root)) {
      if (entry.key === 'version') work.mark(entry.at, 'mapped', 'convox.yml has no version');
      else if (entry.key === 'services') work.mark(entry.at, 'mapped', 'services');
      else if (entry.key === 'networks') work.mark(entry.at, 'dropped', 'local runs only');
      else work.mark(entry.at, 'dropped', 'no rack looks at it');
    }
  }
  for (const { name, ignoredKeys } of services) {
    for (const { at } of ignoredKeys) work.mark(at, 'dropped', 'no rack looks at it');
    const [first] = ignoredKeys;
    if (first === undefined) continue;
    const keys = ignoredKeys.map(({ key }) => key.slice(0, 60));
    work.say('info', 'ignored-key', {
      service: name,
      at: first.at,
      message: `${keys.join(', ')} of ${name} never had an effect on the rack and ${keys.length === 1 ? 'is' : 'are'} left out.`,
      hint: keys.includes('env')
        ? 'Note that "env" is not "environment": its variables never reached the app, and they still do not.'
        : 'Nothing to do.',
    });
  }
}

/** `$NAME` in the text, which a rack resolved from its own environment: practically always to nothing. */
export function settleInterpolation(work: Workspace): void {
  const seen = new Set<string>();
  for (const { name, at } of work.manifest.variables) {
    if (seen.has(name)) continue;
    seen.add(name);
    work.settle({
      id: `interpolation.${name}`,
      at,
      code: 'interpolation-changed',
      question: `What does $${name} in the manifest mean? empty: nothing. literal: the text $${name}, for the shell. app-env: the variable of the app.`,
      options: ['empty', 'literal', 'app-env'],
      fallback: 'empty',
      message: `Racks resolved $${name} of the manifest from their own environment, where it is not set.`,
      hint: 'If it was meant for a shell, choose literal; if for the app environment, app-env.',
    });
  }
}

/** Parameters of the app's stack that no key of the manifest can carry. */
export function reportParameters(work: Workspace): void {
  const say = (name: string, message: string, hint: string): void => {
    const value = work.parameter(name);
    if (value !== undefined && value !== '') work.say('choice', 'app-parameter', { message, hint });
  };
  say(
    'TaskRole',
    'The app parameter TaskRole gives the tasks a role of their own.',
    'Use the app parameter IamPolicy (racks from 20180124232007), or policies in the manifest (from 20230704162933).',
  );
  say(
    'SecurityGroup',
    'The app parameter SecurityGroup puts the balancers into a group of their own.',
    'The shared balancer has one group for all apps: the rack parameter RouterSecurityGroup.',
  );
  for (const { name } of work.manifest.services) {
    const type = `Balancer${parameterName(name)}Type`;
    if (work.parameter(type) !== 'ALB') continue;
    const message = `${name} has an application balancer of its own (parameter ${type}).`;
    work.say('info', 'app-parameter', { service: name, message, hint: 'The shared one takes its place.' });
  }
}
