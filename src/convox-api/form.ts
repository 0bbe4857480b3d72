import { MigrationError } from '../errors.ts';

/** A value of a form field; `undefined` leaves the field out. */
type FormValue = string | number | boolean | undefined;

/** Name → value of a form, a query string or a set of headers. */
export type FormFields = Readonly<Record<string, FormValue>>;

/** The fields that have a value, as text. */
export function definedFields(fields: FormFields): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (typeof value === 'number' && !Number.isInteger(value)) throw notWhole(name);
    return [[name, String(value)] satisfies [string, string]];
  });
}

// The rack takes whole numbers only, and says so with the words of Go's parser.
function notWhole(name: string): MigrationError {
  return new MigrationError('RACK_INVALID', `${name} must be a whole number`, { hint: 'Give an integer.' });
}

/** `application/x-www-form-urlencoded` text; the Rack API takes parameters as forms, never as JSON. */
export function encodeForm(fields: FormFields): string {
  return new URLSearchParams(definedFields(fields)).toString();
}

/**
 * A map as the standard API takes it in a field: a form inside the form (convox/rack@20260421192651 sdk, stdsdk
 * `MarshalOptions`), in sorted order so that equal maps give equal requests.
 */
export function encodeMap(map: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return new URLSearchParams(sorted).toString();
}

/**
 * A path from segments, each encoded: `pathOf('apps', name, 'builds')` → `/apps/NAME/builds`.
 *
 * @throws {MigrationError} `RACK_INVALID` for an empty segment: it would make another route of it.
 */
export function pathOf(...segments: readonly string[]): string {
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new MigrationError('RACK_INVALID', `a name is empty or made of dots: /${segments.join('/')}`, {
      hint: 'Give the name of the app, service, build or release.',
    });
  }
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');
}

/** An object key inside a path: its slashes stay slashes. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}

/** A duration as Go's `time.ParseDuration` reads it, which the log headers want: 120000 → `2m0s`. */
export function goDuration(ms: number): string {
  if (!Number.isFinite(ms)) throw notWhole('a duration in ms');
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  const s = seconds % 60;
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}

/** A time as the standard API reads it: `20060102.150405.000000000`, UTC (stdapi, `MarshalOptions`). */
export function goTime(at: Date): string {
  const [date = '', clock = ''] = at.toISOString().split('T');
  return `${date.replaceAll('-', '')}.${clock.slice(0, 8).replaceAll(':', '')}.${clock.slice(9, 12)}000000`;
}
