import { MigrationError } from '../errors.ts';
import type { TextMap } from './rack-types.ts';

/**
 * True when at least one of `changes` differs from `current`.
 *
 * @throws {MigrationError} `RACK_INVALID` for a name that is not in `current`: a rack drops it without a word.
 */
export function needsChange(what: string, current: TextMap, changes: TextMap): boolean {
  const unknown = Object.keys(changes).filter((name) => !(name in current));
  if (unknown.length > 0) {
    throw new MigrationError('RACK_INVALID', `${what}: no such parameter: ${unknown.join(', ')}`, {
      hint: 'Names are case sensitive, and a parameter exists only from the version on that brought it.',
      details: { unknown },
    });
  }
  return Object.entries(changes).some(([name, value]) => current[name] !== value);
}
