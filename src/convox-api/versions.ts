import { MigrationError } from '../errors.ts';

/** The two forms of the Rack API; `classic` up to and including 20180708231844, `standard` after it. */
export type RackEra = 'classic' | 'standard';

/** The last version that speaks the classic form (convox/rack@20260421192651 sdk/compat.go). */
const LAST_CLASSIC_VERSION = '20180708231844';
/** The first version that speaks the standard form (convox/rack@20180711032918 api/). */
export const FIRST_STANDARD_VERSION = '20180711032918';

/** Older than every version: what is known of a classic rack that is being updated. */
export const OLDEST_VERSION = '00000000000000';

/** True for `YYYYMMDDhhmmss`, the form of every released rack version. */
export function isReleasedVersion(version: string): boolean {
  return /^\d{14}$/.test(version);
}

/**
 * Orders two rack versions, as `Array.sort` wants it.
 *
 * Versions are `YYYYMMDDhhmmss` and compare as text; anything else (`dev`, the version of a development rack) counts
 * as newer than every release, as the convox CLI has it (convox/rack@20260421192651 pkg/cli/apps.go).
 */
export function compareVersions(a: string, b: string): number {
  const released = [isReleasedVersion(a), isReleasedVersion(b)] as const;
  if (released[0] !== released[1]) return released[0] ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True when `version` is `since` or newer. */
export function isAtLeast(version: string, since: string): boolean {
  return compareVersions(version, since) >= 0;
}

/** The form of the API that a rack of this version speaks, once it is settled. */
export function eraOf(version: string): RackEra {
  return compareVersions(version, LAST_CLASSIC_VERSION) <= 0 ? 'classic' : 'standard';
}

/** One entry of https://convox.s3.amazonaws.com/release/versions.json. */
export interface PublishedVersion {
  readonly version: string;
  readonly description: string;
  readonly published: boolean;
  /** True for a version that an update must stop at on its way to newer ones. */
  readonly required: boolean;
}

/**
 * The versions to update to, one after the other, to get from `current` to `target` (default: the newest published).
 *
 * The rack does not check versions, so the client walks over the required ones: the next stop is the first published
 * and required version after the current one, else the target (convox/version version.go `Next`).
 *
 * @throws {MigrationError} `RACK_INVALID` when a version is not in the list, or the target is older.
 */
export function versionWalk(
  published: readonly PublishedVersion[],
  current: string,
  target?: string,
): readonly string[] {
  const versions = published.toSorted((a, b) => compareVersions(a.version, b.version));
  const known = new Set(versions.map((entry) => entry.version));
  if (!known.has(current)) throw unknownVersion('current', current);
  const goal = target ?? versions.findLast((entry) => entry.published)?.version;
  if (goal === undefined || !known.has(goal)) throw unknownVersion('target', goal ?? 'none published');
  if (compareVersions(goal, current) < 0) {
    throw new MigrationError('RACK_INVALID', `rack update: version ${goal} is older than the current ${current}`, {
      hint: 'Racks are only updated forward; choose a newer version.',
      details: { current, target: goal },
    });
  }
  const stops = versions.filter(
    (entry) =>
      entry.published &&
      entry.required &&
      compareVersions(entry.version, current) > 0 &&
      compareVersions(entry.version, goal) < 0,
  );
  return goal === current ? [] : [...stops.map((entry) => entry.version), goal];
}

function unknownVersion(which: string, version: string): MigrationError {
  return new MigrationError(
    'RACK_INVALID',
    `rack update: ${which} version "${version}" not found in the list of releases`,
    {
      hint: 'Choose one of the versions in https://convox.s3.amazonaws.com/release/versions.json.',
      details: { which, version },
    },
  );
}
