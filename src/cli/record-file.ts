import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { MigrationError } from '../errors.ts';
import type { RecordBatch } from '../orchestrator/ports.ts';
import { writeNewFile } from './write-new-file.ts';

const savedRecord = z.record(z.string(), z.unknown());
const fileSchema = z.object({
  format: z.literal('convox-gen2 records 1'),
  batches: z.array(
    z.object({
      zoneId: z.string(),
      zoneName: z.string(),
      before: z.array(savedRecord),
      after: z.array(savedRecord),
    }),
  ),
});

/** Writes batches down, on disk, before any of them is applied. @throws {MigrationError} `FILE_EXISTS`, `STATE_UNWRITABLE`. */
export async function writeRecordFile(path: string, batches: readonly RecordBatch[]): Promise<void> {
  // A new file: the records as they were must never be overwritten by the records as they became.
  await writeNewFile(path, `${JSON.stringify({ format: 'convox-gen2 records 1', batches }, undefined, 2)}\n`, {
    exists: 'It may hold records as they were before: name another file with --record.',
    unwritable: 'Name a file that can be written with --record. No record was changed.',
  });
}

/** @throws {MigrationError} `JOURNAL_DAMAGED` for a file that was not written by `writeRecordFile`. */
export async function readRecordFile(path: string): Promise<readonly RecordBatch[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new MigrationError('USAGE', `${path}: cannot be read (${code})`, {
      hint: 'Name the file that `gen2 dns switch` wrote.',
    });
  });
  const parsed = fileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.batches;
  throw new MigrationError('JOURNAL_DAMAGED', `${path}: not a file that \`gen2 dns switch\` wrote, or damaged`, {
    hint: 'Nothing was changed. Put the records back from a copy of the file, or by hand.',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
