import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { MigrationError } from '../errors.ts';
import { readIgnoreRules, type IgnoreRules } from './ignore-rules.ts';
import type { RackEra } from './versions.ts';

/** Something to pack. `name` is relative, with `/`; a folder comes before what is in it. */
export type SourceEntry =
  | { readonly type: 'folder'; readonly name: string; readonly mode: number }
  | {
      readonly type: 'file';
      readonly name: string;
      readonly mode: number;
      readonly sizeBytes: number;
      readonly path: string;
    }
  | { readonly type: 'content'; readonly name: string; readonly mode: number; readonly content: Buffer };

/** What a person should know about what was, or was not, packed. */
export interface SourceNotice {
  readonly kind: 'link-as-content' | 'dangling-link' | 'special-file';
  readonly path: string;
}

export interface SourceTreeOptions {
  /** Folder to pack; a link to a folder is followed. */
  readonly folder: string;
  /** Files to add or to replace, by relative path; they count as never ignored. */
  readonly overlay?: ReadonlyMap<string, string | Buffer>;
  /** Whose `.dockerignore` rules hold. */
  readonly era: RackEra;
  readonly onNotice?: (notice: SourceNotice) => void;
}

interface Walk {
  readonly root: string;
  readonly rules: IgnoreRules;
  readonly overlay: ReadonlyMap<string, Buffer>;
  readonly onNotice: (notice: SourceNotice) => void;
}

interface Folder {
  /** Path on disk. */
  readonly path: string;
  /** Name in the archive; empty for the root. */
  readonly name: string;
  /** Real paths from the root to here: a link back to one of them would never end. */
  readonly trail: readonly string[];
}

/**
 * Lists a source folder in a fixed order (by the bytes of the names), as the convox CLI would pack it, with one
 * difference: the rack unpacks only files and folders and drops links (convox/rack@20171213132441 cmd/build/source/
 * tgz.go, convox/rack@20260421192651 pkg/helpers/tar.go), so a link inside the tree travels as what it points to.
 *
 * @throws {MigrationError} `SOURCE_INVALID` for a folder that is not there, a link that leaves it, or one that leads
 * back into itself.
 */
export async function* sourceTree(options: SourceTreeOptions): AsyncGenerator<SourceEntry> {
  const root = await rootOf(options.folder);
  const overlay = new Map(
    [...(options.overlay ?? [])].map(([name, content]) => [cleanName(name), Buffer.from(content)]),
  );
  const ignoreFile = overlay.get('.dockerignore') ?? (await readIfThere(path.join(root, '.dockerignore')));
  const rules = readIgnoreRules(ignoreFile?.toString('utf8') ?? '', options.era);
  const walk: Walk = { root, rules, overlay, onNotice: options.onNotice ?? (() => undefined) };
  yield* walkFolder(walk, { path: root, name: '', trail: [root] });
}

async function* walkFolder(walk: Walk, folder: Folder): AsyncGenerator<SourceEntry> {
  const onDisk = folder.path === '' ? [] : await readdir(folder.path);
  for (const name of withOverlay(walk.overlay, folder.name, onDisk)) {
    const full = folder.name === '' ? name : `${folder.name}/${name}`;
    const added = walk.overlay.get(full);
    if (added !== undefined) {
      yield { type: 'content', name: full, mode: 0o644, content: added };
    } else if (onDisk.includes(name)) {
      yield* walkEntry(walk, folder, full, path.join(folder.path, name));
    } else {
      yield { type: 'folder', name: full, mode: 0o755 };
      yield* walkFolder(walk, { path: '', name: full, trail: folder.trail });
    }
  }
}

async function* walkEntry(walk: Walk, folder: Folder, name: string, at: string): AsyncGenerator<SourceEntry> {
  const isIgnored = walk.rules.ignores(name);
  const holdsOverlay = [...walk.overlay.keys()].some((key) => key.startsWith(`${name}/`));
  if (isIgnored && !holdsOverlay && !walk.rules.mayReincludeBelow(name)) return;
  const target = await resolveEntry(walk, name, at, isIgnored);
  if (target === undefined) return;
  if (target.stats.isDirectory()) {
    const real = await realpath(at);
    if (folder.trail.includes(real)) throw loop(name);
    const below = walkFolder(walk, { path: at, name, trail: [...folder.trail, real] });
    const self: SourceEntry = { type: 'folder', name, mode: (target.stats.mode & 0o777) | 0o700 };
    yield* isIgnored ? onlyWithContent(self, below) : withSelf(self, below);
  } else if (isIgnored) {
    return;
  } else if (target.stats.isFile()) {
    const { mode, size } = target.stats;
    yield { type: 'file', name, mode: mode & 0o777, sizeBytes: size, path: at };
  } else {
    walk.onNotice({ kind: 'special-file', path: name });
  }
}

async function* withSelf(self: SourceEntry, below: AsyncGenerator<SourceEntry>): AsyncGenerator<SourceEntry> {
  yield self;
  yield* below;
}

// The classic rack does not make missing parents, so an ignored folder with a re-included file needs its own entry.
async function* onlyWithContent(self: SourceEntry, below: AsyncGenerator<SourceEntry>): AsyncGenerator<SourceEntry> {
  let isFirst = true;
  for await (const entry of below) {
    if (isFirst) yield self;
    isFirst = false;
    yield entry;
  }
}

async function resolveEntry(
  walk: Walk,
  name: string,
  at: string,
  isIgnored: boolean,
): Promise<{ readonly stats: Stats } | undefined> {
  const own = await lstat(at);
  if (!own.isSymbolicLink()) return { stats: own };
  if (isIgnored) return undefined;
  let real: string;
  try {
    real = await realpath(at);
  } catch {
    walk.onNotice({ kind: 'dangling-link', path: name });
    return undefined;
  }
  if (real !== walk.root && !real.startsWith(`${walk.root}${path.sep}`)) {
    throw new MigrationError('SOURCE_INVALID', `source: the link ${name} leads out of the folder`, {
      hint: 'The rack would drop it. Copy its target into the folder, or exclude the link in .dockerignore.',
      details: { path: name },
    });
  }
  walk.onNotice({ kind: 'link-as-content', path: name });
  return { stats: await stat(at) };
}

function withOverlay(overlay: ReadonlyMap<string, Buffer>, folder: string, onDisk: readonly string[]): string[] {
  const prefix = folder === '' ? '' : `${folder}/`;
  const added = [...overlay.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length).split('/')[0] ?? '');
  return [...new Set([...onDisk, ...added])].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function cleanName(name: string): string {
  const clean = path.posix.normalize(name.replaceAll('\\', '/')).replace(/^\.\//, '');
  if (clean !== '' && clean !== '.' && !clean.startsWith('/') && !clean.startsWith('..')) return clean;
  throw new MigrationError('SOURCE_INVALID', `source: overlay path ${JSON.stringify(name)} is not inside the folder`, {
    hint: 'Give paths relative to the folder.',
  });
}

async function rootOf(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if ((await stat(root)).isDirectory()) return root;
  } catch {
    // The same error below: it is not a folder that can be read.
  }
  throw new MigrationError('SOURCE_INVALID', `source: ${folder} is not a folder that can be read`, {
    hint: 'Give the folder with the source of the app.',
    details: { folder },
  });
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch {
    return undefined;
  }
}

function loop(name: string): MigrationError {
  return new MigrationError('SOURCE_INVALID', `source: the link ${name} leads back to a folder it is in`, {
    hint: 'Packing would never end. Remove the link or exclude it in .dockerignore.',
    details: { path: name },
  });
}
