import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { MigrationError } from '../../../errors.ts';

/**
 * Version of the format; a newer one is refused, an older one is read, and brought up to date when it is written to.
 *
 * 1: each line has a checksum of itself.
 * 2: each line's checksum goes on from that of the line before it, so that it vouches for all of them: lines out of
 *    another journal or an older copy of this one are found, though each of them is whole.
 */
export const JOURNAL_VERSION = 2;

const direction = z.enum(['forward', 'rollback', 'abort']);
const failure = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() });

const entrySchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('execution-created'),
    version: z.number(),
    execution: z.string(),
    rack: z.string(),
    app: z.string(),
    settings: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.literal('run-started'), pid: z.number(), host: z.string(), direction }),
  z.object({ type: z.literal('step-started'), step: z.string() }),
  z.object({ type: z.literal('step-finished'), step: z.string(), result: z.unknown() }),
  z.object({ type: z.literal('step-failed'), step: z.string(), error: failure }),
  z.object({ type: z.literal('sleep-until'), step: z.string(), until: z.number() }),
  z.object({ type: z.literal('gate-opened'), gate: z.string(), title: z.string(), shows: z.array(z.string()) }),
  z.object({
    type: z.literal('gate-answered'),
    gate: z.string(),
    answer: z.object({ approved: z.boolean(), by: z.string(), comment: z.string().optional() }),
  }),
  z.object({ type: z.literal('direction'), direction, reason: z.string() }),
  z.object({ type: z.literal('event'), event: z.looseObject({ type: z.string() }) }),
  z.object({
    type: z.literal('execution-finished'),
    outcome: z.enum(['succeeded', 'kept', 'rolled-back', 'aborted', 'failed']),
  }),
]);

export type JournalEntry = z.infer<typeof entrySchema>;
export type JournalLine = JournalEntry & { readonly seq: number; readonly at: number };

export const lineSchema = z.intersection(entrySchema, z.object({ seq: z.number(), at: z.number() }));

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
    const parsed = lineSchema.safeParse(JSON.parse(json));
    if (!parsed.success) throw damaged(name, index + 1, z.prettifyError(parsed.error));
    const { seq } = parsed.data;
    if (seq !== lines.length + 1) throw damaged(name, index + 1, `it is number ${seq}, ${lines.length + 1} was due`);
    lines.push(parsed.data);
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

const headSchema = z.object({ type: z.literal('execution-created'), version: z.number() });

/** What the first line says, whether or not its checksum is one that this program understands. */
function versionOf(first: string, name: string): number {
  let data: unknown;
  try {
    data = JSON.parse(first.slice(first.indexOf('{')));
  } catch {
    return JOURNAL_VERSION; // torn or damaged: found by its checksum
  }
  const head = headSchema.safeParse(data);
  if (!head.success) return JOURNAL_VERSION;
  const { version } = head.data;
  if (version <= JOURNAL_VERSION) return version;
  throw new MigrationError(
    'JOURNAL_VERSION',
    `${name}: format ${version} is newer than this program's (${JOURNAL_VERSION})`,
    { hint: 'Go on with the version of gen2 that began this execution, or a newer one.', details: { file: name } },
  );
}

function damaged(name: string, line: number, why: string): MigrationError {
  return new MigrationError('JOURNAL_DAMAGED', `${name}:${line}: this line of the journal is damaged: ${why}`, {
    hint: 'Restore the file from a copy. Nothing was changed; without it, go on by hand from the export beside it.',
    details: { file: name, line },
  });
}
