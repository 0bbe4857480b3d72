/** What a plan rests on, and what of it changed since. */
import { createHash } from 'node:crypto';
import { MigrationError } from '../errors.ts';
import type { Assessment, Finding } from './plan.ts';

/**
 * Everything a plan saw that its reader agreed to, as pairs of words and value: `record shop.example.com A in example.com`
 * and what it says. Plain text without secrets: of the environment it has the names and one fingerprint of all values.
 */
export type PlanBasis = Readonly<Record<string, string>>;

/** A plan somebody agreed to; a migration of another world is refused. */
export interface ApprovedPlan {
  readonly basis: PlanBasis;
  /** Of the file it was saved in, for people to compare. */
  readonly fingerprint: string;
  /** When it was made, ms since 1970. */
  readonly madeAt: number;
}

/** Values that say nothing to a reader: that they changed is all there is to tell. */
const FINGERPRINT = /^sha256 [0-9a-f]{64}$/;

export function basisOf(facts: Assessment, findings: readonly Finding[]): PlanBasis {
  const { rack, old, manifest } = facts;
  const entries: (readonly [string, string])[] = [
    ['rack', `${rack.name} in ${rack.account}, ${rack.region}`],
    ['rack version', rack.version],
    ['stack of the old app', old.stackArn],
    ['active release', old.release],
    ['temporary app', facts.temporaryApp],
    ...old.environmentNames.map((name) => [`environment variable ${name}`, 'set'] as const),
    ['values of the environment', `sha256 ${old.environmentFingerprint}`],
    [manifest.file, `sha256 ${manifest.fingerprint}`],
    ['convox.yml that will be deployed', `sha256 ${sha256(manifest.text)}`],
    ...facts.services.map(({ name, port, healthPath, role, domains }) => {
      const door = port === undefined ? 'no port' : `${role} port ${port}, health ${healthPath}`;
      return [`service ${name}`, [door, ...domains].join(', ')] as const;
    }),
    ...old.balancers.map(({ name, dnsName }) => [`old balancer ${name}`, dnsName] as const),
    ...Object.entries(facts.balancers).map(([role, { dnsName }]) => [`${role} balancer of the rack`, dnsName] as const),
    ...facts.records.map((record) => {
      const { name, type, zoneName, view, says } = record;
      return [`record ${name} ${type} in ${zoneName} (${view})`, says] as const;
    }),
    ...facts.certificates.map(({ service, way, mails }) => {
      const mailboxes = mails.flatMap((mail) => mail.mailboxes);
      return [`certificate of ${service}`, mailboxes.length === 0 ? way : `${way} to ${mailboxes.join(', ')}`] as const;
    }),
    ...facts.destroys.map((what) => [`destroyed by commit: ${what}`, 'yes'] as const),
    ...findings.map(
      ({ severity, code, where = '', message }) => [`${severity} ${code} ${where}`.trim(), message] as const,
    ),
  ];
  const basis = new Map<string, string>();
  // Two findings can stand at the same place.
  for (const [name, value] of entries) basis.set(name, [basis.get(name), value].filter(Boolean).join('; '));
  return Object.fromEntries(basis);
}

/** What is other than it was, a sentence each. */
export function driftOf(before: PlanBasis, now: PlanBasis): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names.flatMap((name) => {
    const [was, is] = [before[name], now[name]];
    if (was === is) return [];
    if (was === undefined) return [isPlain(is) ? `${name} is new: ${is}` : `${name} is new`];
    if (is === undefined) return [isPlain(was) ? `${name} is gone (was: ${was})` : `${name} is gone`];
    return [FINGERPRINT.test(is) ? `${name} changed` : `${name} was ${was}, is ${is}`];
  });
}

function isPlain(value: string | undefined): value is string {
  return value !== undefined && value !== 'set' && value !== 'yes' && !FINGERPRINT.test(value);
}

/** @throws {MigrationError} `PLAN_DRIFTED` with every change, when the world is not what the approved plan saw. */
export function assertAsPlanned(app: string, { basis }: ApprovedPlan, now: PlanBasis): void {
  const changes = driftOf(basis, now);
  if (changes.length === 0) return;
  throw new MigrationError('PLAN_DRIFTED', `${app} is not what its plan saw: ${changes.join('; ')}`, {
    hint: 'Nothing was changed. Plan again with `gen2 plan`, and have the new plan agreed to.',
    details: { changes },
  });
}

/** The SHA-256 of a text, in hexadecimal digits. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
