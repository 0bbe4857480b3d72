import { crc32 } from 'node:zlib';
import { isAtLeast } from './rack-version.ts';

/** What a listener rule of a service is for. `-external` rules belong to `internalAndExternal` services (since 20250822114342). */
export type RuleSubject =
  | { readonly kind: 'default' | 'internal' | 'default-external' }
  | { readonly kind: 'domain' | 'domain-external'; readonly domain: string; readonly index: number };

export interface RulePriorityOptions {
  /** The rack's version. */
  readonly version: string;
  readonly app: string;
  readonly service: string;
  readonly rule: RuleSubject;
}

const SERVICE_IN_DOMAIN_RULE = '20180306214116';
const NAMED_SUBJECTS = '20180415180827';
const INDEX_IN_HASH = '20180808194846';

const TIER_SIZE = 25_000;

/**
 * The priority a rack gives a rule: a hash of names, so any two rules of one listener may clash.
 *
 * Formulas by version: convox/rack@20171213132441, @20180306214116, @20180415180827 and @20180808194846
 * provider/aws/template.go with app.json.tmpl and service.json.tmpl.
 */
export function rulePriority({ version, app, service, rule }: RulePriorityOptions): number {
  const hash = crc32(hashedText(version, app, service, rule));
  const isWildcard = 'domain' in rule && rule.domain.startsWith('*.');
  const tier = isWildcard ? TIER_SIZE : 1;
  if (!isAtLeast(version, INDEX_IN_HASH)) return (hash % TIER_SIZE) + tier;
  const index = 'index' in rule ? rule.index : -1;
  return (((hash + index + 2) % 2 ** 32) % TIER_SIZE) + tier;
}

function hashedText(version: string, app: string, service: string, rule: RuleSubject): string {
  if (isAtLeast(version, NAMED_SUBJECTS)) {
    if (rule.kind === 'domain') return `${app}-${service}-${rule.domain}`;
    if (rule.kind === 'domain-external') return `${app}-${service}-${rule.domain}-external`;
    return `${app}-${service}-${rule.kind}`;
  }
  if ('domain' in rule) {
    // Neither a separator nor, at first, the service: two services of one app could not share a domain (convox/rack#2476).
    return isAtLeast(version, SERVICE_IN_DOMAIN_RULE) ? `${app}-${service}${rule.domain}` : `${app}-${rule.domain}`;
  }
  return rule.kind === 'internal' ? `${app}-${service}-i` : `${app}-${service}`;
}
