import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { MigrationError } from '../../../errors.ts';

/** Version of the lines; a newer one is refused, an older one is read (docs/adr/journal.md). */
export const JOURNAL_VERSION = 1;

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

/** One line of a journal: its checksum, a space, its JSON. */
export function formatLine(line: JournalLine): string {
  const json = JSON.stringify(line);
  return `${checksum(json)} ${json}\n`;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}

export interface ReadJournal {
  readonly lines: readonly JournalLine[];
  /** Bytes that hold whole lines; what follows is a line that was being written when the process died. */
  readonly wholeBytes: number;
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
  const pieces = text.split('\n');
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1;
    if (isLast && piece === '') break;
    const line = isLast ? undefined : parseLine(piece);
    if (line === undefined) {
      if (isLast || pieces.slice(index + 1).every((rest) => rest === '')) break;
      throw damaged(name, index + 1, 'its checksum does not fit');
    }
    if (line.seq !== lines.length + 1)
      throw damaged(name, index + 1, `it is number ${line.seq}, ${lines.length + 1} was due`);
    lines.push(line);
    wholeBytes += Buffer.byteLength(piece) + 1;
  }
  return { lines, wholeBytes };

  function parseLine(piece: string): JournalLine | undefined {
    const json = piece.slice(9);
    if (piece[8] !== ' ' || piece.slice(0, 8) !== checksum(json)) return undefined;
    const data: unknown = JSON.parse(json);
    const version = z.object({ type: z.literal('execution-created'), version: z.number() }).safeParse(data);
    if (version.success && version.data.version > JOURNAL_VERSION) {
      throw new MigrationError(
        'JOURNAL_VERSION',
        `${name}: format ${version.data.version} is newer than this program's (${JOURNAL_VERSION})`,
        { hint: 'Go on with the version of gen2 that began this execution, or a newer one.' },
      );
    }
    const parsed = lineSchema.safeParse(data);
    if (!parsed.success) throw damaged(name, lines.length + 1, z.prettifyError(parsed.error));
    return parsed.data;
  }
}

function damaged(name: string, line: number, why: string): MigrationError {
  return new MigrationError('JOURNAL_DAMAGED', `${name}:${line}: this line of the journal is damaged: ${why}`, {
    hint: 'Restore the file from a copy. Nothing was changed; without it, go on by hand from the export beside it.',
    details: { file: name, line },
  });
}
