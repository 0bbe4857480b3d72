import { createHash } from 'node:crypto';

export interface BalancerOwner {
  readonly rack: string;
  readonly app: string;
  readonly service: string;
  readonly isInternal: boolean;
  /** The app parameter Internal=Yes adds `-n`. */
  readonly isInternalApp: boolean;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * `<A>-<S>` cut, `-`, seven characters of base32(sha256("R:A:S")), `-i`: 32 characters at most. The `-n` of an internal
 * app comes on top (rack@20171213132441 manifest1/balancer.go, g1/app.json.tmpl), so that a long name is then refused.
 */
export function classicBalancerName({ rack, app, service, isInternal, isInternalApp }: BalancerOwner): string {
  const hash = base32Start(createHash('sha256').update(`${rack}:${app}:${service}`).digest(), 7);
  const suffix = `-${hash}${isInternal ? '-i' : ''}`;
  return `${`${app}-${service}`.slice(0, 32 - suffix.length)}${suffix}${isInternalApp ? '-n' : ''}`;
}

/** The first characters of the RFC 4648 base32 text of the bytes. */
function base32Start(bytes: Buffer, length: number): string {
  const bits = Array.from(bytes.subarray(0, 5), (byte) => byte.toString(2).padStart(8, '0')).join('');
  return Array.from({ length }, (_, index) => ALPHABET[parseInt(bits.slice(index * 5, index * 5 + 5), 2)] ?? '').join(
    '',
  );
}
