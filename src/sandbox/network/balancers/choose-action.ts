import type { Action, Listener } from '../../model/load-balancing.ts';

/**
 * The action of the first rule, by priority (lowest number first), whose host pattern fits; else the default action.
 * Patterns: not case-sensitive, `*` is any number of characters, `?` exactly one (Elastic Load Balancing, "Host
 * conditions"). Rules are read as they are now: they change without notice.
 */
export function chooseAction(listener: Listener, host: string): Action {
  let bestPriority = Infinity;
  let action = listener.defaultAction;
  for (const rule of listener.rules.values()) {
    if (rule.priority < bestPriority && rule.hosts.some((pattern) => hostMatches(pattern, host))) {
      bestPriority = rule.priority;
      action = rule.action;
    }
  }
  return action;
}

/** `host` in lower case, without a port. */
function hostMatches(pattern: string, host: string): boolean {
  const wanted = pattern.toLowerCase();
  if (!wanted.includes('*') && !wanted.includes('?')) return wanted === host;
  const expression = wanted
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`).test(host);
}

export function hostOf(header: string | undefined): string {
  const host = (header ?? '').toLowerCase();
  const colon = host.indexOf(':');
  return colon === -1 ? host : host.slice(0, colon);
}
