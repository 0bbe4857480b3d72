import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { pack, type Header, type Pack } from 'tar-stream';
import { MigrationError } from '../errors.ts';
import { sourceTree, type SourceEntry, type SourceNotice, type SourceTreeOptions } from './source-tree.ts';

export type { SourceNotice };

export type SourceArchiveOptions = SourceTreeOptions;

/** What tar-stream needs to know of an entry. */
type EntryHeader = Partial<Header> & Pick<Header, 'name'>;

// The rack does not restore times (convox/rack pkg/helpers/tar.go), so they only make archives differ. Not 1970: zip
// and some build tools refuse times before 1980.
const MODIFIED = new Date(Date.UTC(2001, 0, 1));
const READ_BYTES = 128 * 1024;
/** Level 6, the default, takes half as long again for 1 % less. */
const COMPRESSION = 5;

/**
 * Packs a source folder into a gzipped tar, as a stream: memory does not grow with the tree, and the same tree gives
 * the same bytes. The stream ends with a MigrationError `SOURCE_INVALID` when the folder cannot be packed.
 */
export function sourceArchive(options: SourceArchiveOptions): Readable {
  const archive = pack({ highWaterMark: READ_BYTES });
  const gzip = createGzip({ chunkSize: READ_BYTES, memLevel: 9, level: COMPRESSION });
  fill(archive, options).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(sourceError(options.folder, error)),
  );
  return pipeline(archive, gzip, () => undefined); // an error of either destroys the other, and the reader sees it
}

async function fill(archive: Pack, options: SourceArchiveOptions): Promise<void> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for await (const entry of sourceTree(options)) {
    if (archive.destroyed) return;
    await add(archive, entry, buffer);
  }
}

async function add(archive: Pack, entry: SourceEntry, buffer: Buffer): Promise<void> {
  switch (entry.type) {
    case 'folder':
      await addWhole(archive, { ...headerOf(entry), name: `${entry.name}/`, type: 'directory' }, undefined);
      return;
    case 'content':
      await addWhole(archive, { ...headerOf(entry), type: 'file', size: entry.content.length }, entry.content);
      return;
    case 'file':
      await addFile(archive, entry, buffer);
  }
}

function headerOf({ name, mode }: SourceEntry): EntryHeader {
  return { name, mode, mtime: MODIFIED, uid: 0, gid: 0, uname: '', gname: '' };
}

async function addWhole(archive: Pack, header: EntryHeader, content: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => (error == null ? resolve() : reject(error));
    if (content === undefined) archive.entry(header, done);
    else archive.entry(header, content, done);
  });
}

async function addFile(archive: Pack, entry: SourceEntry & { readonly type: 'file' }, buffer: Buffer): Promise<void> {
  const file = await open(entry.path, 'r');
  try {
    const { size } = await file.stat();
    const header: EntryHeader = { ...headerOf(entry), type: 'file', size };
    if (size <= buffer.length) {
      const { bytesRead } = await file.read(buffer, 0, size, 0);
      if (bytesRead < size) throw changed(entry.name);
      await addWhole(archive, header, Buffer.from(buffer.subarray(0, size)));
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const sink = archive.entry(header, (error) => (error == null ? resolve() : reject(changed(entry.name))));
      // `end` is inclusive; a file that grows meanwhile is packed as it was, one that shrinks is an error of the sink.
      const source = file.createReadStream({ highWaterMark: READ_BYTES, end: size - 1, autoClose: false });
      source.once('error', () => reject(changed(entry.name))).pipe(sink);
    });
  } finally {
    await file.close();
  }
}

// fs errors are the machine's own (EACCES, ENOENT): told with the path, and no further.
function sourceError(folder: string, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (MigrationError.is(error) || !('code' in error)) return error;
  return new MigrationError('SOURCE_INVALID', `source: ${error.message}`, {
    hint: 'Every file that is not excluded must be readable.',
    details: { folder },
  });
}

function changed(name: string): MigrationError {
  return new MigrationError('SOURCE_INVALID', `source: ${name} changed while it was packed, or cannot be read`, {
    hint: 'Pack a folder that nobody writes to, such as a fresh checkout.',
    details: { path: name },
  });
}
