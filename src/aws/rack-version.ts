import { MigrationError } from '../errors.ts';

/** True if rack version `version` is `since` or later. Versions are times, `yyyymmddHHMMSS`; a suffix is ignored. */
export function isAtLeast(version: string, since: string): boolean {
  return versionNumber(version) >= versionNumber(since);
}

function versionNumber(version: string): number {
  const digits = /^\d{14}/.exec(version)?.[0];
  if (digits !== undefined) return Number(digits);
  throw new MigrationError('USAGE', `not a version of a rack: ${version}`, {
    hint: 'A version is fourteen digits, e.g. 20171213132441.',
  });
}
