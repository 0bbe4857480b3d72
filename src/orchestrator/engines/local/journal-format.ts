import { crc32 } from 'node:zlib';
import { MigrationError } from '../../../errors.ts';
import type { JournalEntry, JournalLine } from './journal-entry.ts';

/**
 * Version of the format; a newer one is refused, an older one is read, and brought up to date when it is written to.
 *
 * 1: each line has a checksum of itself.
 * 2: each line's checksum goes on from that of the line before it, so that it vouches for all of them: lines out of
 *    another journal or an older copy of this one are found, though each of them is whole.
 */
export const JOURNAL_VERSION = 2;

const KINDS: Readonly<Record<JournalEntry['type'], true>> = {
  'execution-created': true,
  'run-started': true,
  'step-started': true,
  'step-finished': true,
  'step-failed': true,
  'sleep-until': true,
  'gate-opened': true,
  'gate-answered': true,
  direction: true,
  event: true,
  'execution-finished': true,
};

/** Checksum before the first line. */
export const NO_CHECKSUM = '00000000';

/** One line of a journal as text (its checksum, a space, its JSON), given the checksum of the line before it. */
export function formatLine(line: JournalLine, previous: string): { readonly text: string; readonly checksum: string } {
  const json = JSON.stringify(line);
  const checksum = checksumOf(json, previous);
  return { text: `${checksum} ${json}\n`, checksum };
}

/** A whole journal as text, in the format of this version. */
export function formatJournal(lines: readonly JournalLine[]): string {
  let previous = NO_CHECKSUM;
  return lines
    .map((line) => {
      const { text, checksum } = formatLine(
        line.type === 'execution-created' ? { ...line, version: JOURNAL_VERSION } : line,
        previous,
      );
      previous = checksum;
      return text;
    })
    .join('');
}

function checksumOf(json: string, previous: string): string {
  return crc32(json, Number.parseInt(previous, 16)).toString(16).padStart(8, '0');
}

export interface ReadJournal {
  readonly lines: readonly JournalLine[];
  /** Bytes that hold whole lines; what follows is a line that was being written when the process died. */
  readonly wholeBytes: number;
  /** Version of the format it is in; that of this program while it is empty. */
  readonly version: number;
  /** Of the last whole line, for the next one to go on from. */
  readonly checksum: string;
}

/**
 * Reads a journal's text. A torn last line is left out: it was never acted on, since effects begin only after their
 * intent is on disk.
 *
 * @throws {MigrationError} `JOURNAL_DAMAGED` with the line number, `JOURNAL_VERSION` for a newer format.
 */
export function readJournal(text: string, name: string): ReadJournal {
  const lines: JournalLine[] = [];
  let wholeBytes = 0;
  let checksum = NO_CHECKSUM;
  const pieces = text.split('\n');
  const version = versionOf(pieces[0] ?? '', name);
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1;
    if (isLast && piece === '') break;
    const json = isLast ? undefined : jsonOf(piece, version === 1 ? NO_CHECKSUM : checksum);
    if (json === undefined) {
      if (isLast || pieces.slice(index + 1).every((rest) => rest === '')) break;
      throw damaged(name, index + 1, 'its checksum does not fit');
    }
    const line: unknown = JSON.parse(json);
    if (!isLine(line)) throw damaged(name, index + 1, 'it is no line of a journal');
    const { seq } = line;
    if (seq !== lines.length + 1) throw damaged(name, index + 1, `it is number ${seq}, ${lines.length + 1} was due`);
    lines.push(line);
    checksum = piece.slice(0, 8);
    wholeBytes += Buffer.byteLength(piece) + 1;
  }
  return { lines, wholeBytes, version, checksum };
}

/** The JSON of a line whose checksum fits; undefined if it does not. */
function jsonOf(piece: string, previous: string): string | undefined {
  const json = piece.slice(9);
  return piece[8] === ' ' && piece.slice(0, 8) === checksumOf(json, previous) ? json : undefined;
}

/** What the first line says, whether or not its checksum is one that this program understands. */
function versionOf(first: string, name: string): number {
  let data: unknown;
  try {
    data = JSON.parse(first.slice(first.indexOf('{')));
  } catch {
    return JOURNAL_VERSION; // torn or damaged: found by its checksum
  }
  if (!isObject(data) || data['type'] !== 'execution-created') return JOURNAL_VERSION;
  const { version } = data;
  if (typeof version !== 'number') return JOURNAL_VERSION;
  if (version <= JOURNAL_VERSION) return version;
  throw new MigrationError(
    'JOURNAL_VERSION',
    `${name}: format ${version} is newer than this program's (${JOURNAL_VERSION})`,
    { hint: 'Go on with the version of gen2 that began this execution, or a newer one.', details: { file: name } },
  );
}

/**
 * The checksum has proved that the line is as a program of this format wrote it, so its fields are not looked at again:
 * a journal has thousands of lines, and `gen2 status` reads them all.
 */
function isLine(line: unknown): line is JournalLine {
  if (!isObject(line)) return false;
  const { type, seq, at } = line;
  return typeof type === 'string' && Object.hasOwn(KINDS, type) && typeof seq === 'number' && typeof at === 'number';
}

/** True for objects and arrays alike. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function damaged(name: string, line: number, why: string): MigrationError {
  return new MigrationError('JOURNAL_DAMAGED', `${name}:${line}: this line of the journal is damaged: ${why}`, {
    hint: 'Restore the file from a copy. Nothing was changed; without it, go on by hand from the export beside it.',
    details: { file: name, line },
  });
}
