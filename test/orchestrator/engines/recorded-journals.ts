import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface RecordedJournal {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/**
 * Journals that migrations in the sandbox left behind, in the format of version 1 (`journals/*.v1.jsonl`): one from
 * first to last, one rolled back and aborted, one refused at its last gate and aborted, one under chaos.
 */
export async function recordedJournals(): Promise<readonly [RecordedJournal, ...RecordedJournal[]]> {
  const folder = new URL('journals/', import.meta.url).pathname;
  const names = (await readdir(folder)).filter((name) => name.endsWith('.v1.jsonl')).toSorted();
  const [first, ...others] = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { name: name.replace('.v1.jsonl', ''), path, text: await readFile(path, 'utf8') };
    }),
  );
  if (first === undefined) throw new Error(`no recorded journals in ${folder}`);
  return [first, ...others];
}
