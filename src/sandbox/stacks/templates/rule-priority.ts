import { crc32 } from 'node:zlib';

import { atLeast, FEATURES } from './rack-features.ts';

export interface RuleOwner {
  readonly app: string;
  readonly service: string;
  readonly rackVersion: string;
}

export type RuleKind =
  | { readonly type: 'default' }
  /** The rule for `S.A.R.convox`. */
  | { readonly type: 'internal' }
  | { readonly type: 'domain'; readonly domain: string; readonly index: number };

/** Priorities of ordinary rules are 1…25000, those of wildcard domains above. */
const TIER = 25_000;

/**
 * The priority that a rack gives to a listener rule: a hash of names, so that two rules can claim the same number
 * (convox/rack provider/aws/template.go `priority`, app.json.tmpl, service.json.tmpl).
 */
export function rulePriority(owner: RuleOwner, kind: RuleKind): number {
  const hash = crc32(hashedText(owner, kind)) >>> 0;
  const base = kind.type === 'domain' && kind.domain.startsWith('*.') ? TIER : 1;
  if (!atLeast(owner.rackVersion, FEATURES.nestedServices)) return (hash % TIER) + base;
  const index = kind.type === 'domain' ? kind.index : -1;
  return (((hash + index + 2) >>> 0) % TIER) + base;
}

function hashedText({ app, service, rackVersion }: RuleOwner, kind: RuleKind): string {
  if (atLeast(rackVersion, FEATURES.ruleBySeparateNames)) {
    return `${app}-${service}-${kind.type === 'domain' ? kind.domain : kind.type}`;
  }
  switch (kind.type) {
    case 'default':
      return `${app}-${service}`;
    case 'internal':
      return `${app}-${service}-i`;
    case 'domain': {
      const isByService = atLeast(rackVersion, FEATURES.ruleByService);
      return `${app}-${isByService ? service : ''}${kind.domain}`;
    }
  }
}
