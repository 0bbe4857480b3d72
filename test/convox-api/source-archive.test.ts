import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { expect, onTestFinished, test } from 'vitest';
import { sourceArchive, type SourceArchiveOptions, type SourceNotice } from '../../src/convox-api/source-archive.ts';
import { errorOf } from './local-rack.ts';

interface Packed {
  readonly name: string;
  readonly type: string | null | undefined;
  readonly mode: number | undefined;
  readonly owner: string;
  readonly content: string;
}

/** A folder with these files; a name that ends in `/` is a folder. Removed after the test. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'source-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const at = path.join(folder, name);
    mkdirSync(name.endsWith('/') ? at : path.dirname(at), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(at, content);
  }
  return folder;
}

async function bytesOf(options: Omit<SourceArchiveOptions, 'era'> & Partial<SourceArchiveOptions>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of sourceArchive({ era: 'standard', ...options }) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function packed(options: Parameters<typeof bytesOf>[0]): Promise<Packed[]> {
  const archive = gunzipSync(await bytesOf(options));
  return await new Promise((resolve, reject) => {
    const entries: Packed[] = [];
    const reader = extract();
    reader.on('entry', ({ name, type, mode, uid, gid, uname, gname }, stream, next) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: unknown) => chunks.push(chunk as Buffer)); // no encoding is set
      stream.on('end', () => {
        const owner = `${String(uid)}/${String(gid)}/${uname}/${gname}`;
        entries.push({ name, type, mode, owner, content: Buffer.concat(chunks).toString() });
        next();
      });
    });
    reader.once('finish', () => resolve(entries));
    reader.once('error', reject);
    reader.end(archive);
  });
}

async function names(options: Parameters<typeof bytesOf>[0]): Promise<string[]> {
  return (await packed(options)).map(({ name }) => name);
}

test('folders come before what is in them, with their own entries, modes kept and owners empty', async () => {
  const folder = folderOf({ 'b/c/deep.txt': 'deep', 'a.txt': 'a', 'run.sh': '#!', 'empty/': '' });
  chmodSync(path.join(folder, 'run.sh'), 0o755);
  chmodSync(path.join(folder, 'a.txt'), 0o640);

  const entries = await packed({ folder });

  expect(entries.map(({ name, type, mode }) => [name, type, mode?.toString(8)])).toEqual([
    ['a.txt', 'file', '640'],
    ['b/', 'directory', '755'],
    ['b/c/', 'directory', '755'],
    ['b/c/deep.txt', 'file', '644'],
    ['empty/', 'directory', '755'],
    ['run.sh', 'file', '755'],
  ]);
  expect(new Set(entries.map(({ owner }) => owner))).toEqual(new Set(['0/0//']));
});

test('a folder that nobody may enter is packed so that the rack can unpack into it', async () => {
  const folder = folderOf({ 'locked/x': 'x' });
  chmodSync(path.join(folder, 'locked'), 0o555);
  onTestFinished(() => chmodSync(path.join(folder, 'locked'), 0o755));

  const [locked] = await packed({ folder });

  expect(locked?.mode?.toString(8)).toBe('755');
});

test('the same tree gives the same bytes, whenever and wherever it was written', async () => {
  const files = { 'z.txt': 'z', 'a/ä.txt': 'umlaut', 'a/b.txt': 'x'.repeat(600_000), Dockerfile: 'FROM scratch' };
  const first = folderOf(files);
  const second = folderOf(Object.fromEntries(Object.entries(files).toReversed()));
  utimesSync(path.join(second, 'z.txt'), 1, 1);

  const hashes = await Promise.all(
    [first, second].map(async (folder) =>
      createHash('sha256')
        .update(await bytesOf({ folder }))
        .digest('hex'),
    ),
  );

  expect(hashes[0]).toBe(hashes[1]);
});

test('long names, large files and content come through whole', async () => {
  const longName = `${'folder/'.repeat(30)}${'n'.repeat(120)}.txt`;
  const large = 'line\n'.repeat(300_000);
  const folder = folderOf({ [longName]: 'far away', 'large.txt': large, 'empty.txt': '' });

  const entries = await packed({ folder });

  expect(entries.find(({ name }) => name === longName)?.content).toBe('far away');
  expect(entries.find(({ name }) => name === 'large.txt')?.content === large).toBe(true);
  expect(entries.find(({ name }) => name === 'empty.txt')?.content).toBe('');
});

test('a link travels as what it points to, and each is told once', async () => {
  const folder = folderOf({ 'real/file.txt': 'content' });
  symlinkSync('real/file.txt', path.join(folder, 'to-file'));
  symlinkSync('real', path.join(folder, 'to-folder'));
  const notices: SourceNotice[] = [];

  const entries = await packed({ folder, onNotice: (notice) => notices.push(notice) });

  expect(entries.map(({ name, type }) => `${String(type)} ${name}`)).toEqual([
    'directory real/',
    'file real/file.txt',
    'file to-file',
    'directory to-folder/',
    'file to-folder/file.txt',
  ]);
  expect(entries.find(({ name }) => name === 'to-file')?.content).toBe('content');
  expect(notices).toEqual([
    { kind: 'link-as-content', path: 'to-file' },
    { kind: 'link-as-content', path: 'to-folder' },
  ]);
});

test('a hard link is a file, a dangling link is left out and told', async () => {
  const folder = folderOf({ 'one.txt': 'x' });
  linkSync(path.join(folder, 'one.txt'), path.join(folder, 'two.txt'));
  symlinkSync('nowhere', path.join(folder, 'dangling'));
  const notices: SourceNotice[] = [];

  const entries = await packed({ folder, onNotice: (notice) => notices.push(notice) });

  expect(entries.map(({ name, type }) => `${String(type)} ${name}`)).toEqual(['file one.txt', 'file two.txt']);
  expect(notices).toEqual([{ kind: 'dangling-link', path: 'dangling' }]);
});

test('what is neither file nor folder is left out and told', async () => {
  const folder = folderOf({ 'x.txt': 'x' });
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(path.join(folder, 'run.sock'), resolve));
  onTestFinished(() => void server.close());
  const notices: SourceNotice[] = [];

  const found = await names({ folder, onNotice: (notice) => notices.push(notice) });

  expect(found).toEqual(['x.txt']);
  expect(notices).toEqual([{ kind: 'special-file', path: 'run.sock' }]);
});

test.each([
  ['relative', '../outside.txt'],
  ['absolute', '/etc/hostname'],
])('a %s link that leaves the folder is refused, unless it is ignored', async (_kind, target) => {
  const folder = folderOf({ 'app/x.txt': 'x', 'outside.txt': 'secret' });
  const app = path.join(folder, 'app');
  symlinkSync(target, path.join(app, 'escape'));

  const error = await errorOf(bytesOf({ folder: app }));
  const ignored = await names({ folder: app, overlay: new Map([['.dockerignore', 'escape\n']]) });

  expect(error).toMatchObject({ code: 'SOURCE_INVALID', details: { path: 'escape' } });
  expect(ignored).toEqual(['.dockerignore', 'x.txt']);
});

test('a link that leads back into itself is refused', async () => {
  const folder = folderOf({ 'a/b/x.txt': 'x' });
  symlinkSync('..', path.join(folder, 'a/b/up'));

  const error = await errorOf(bytesOf({ folder }));

  expect(error).toMatchObject({ code: 'SOURCE_INVALID', details: { path: 'a/b/up' } });
});

test('a folder that is a link itself is followed', async () => {
  const folder = folderOf({ 'real/x.txt': 'x' });
  symlinkSync('real', path.join(folder, 'link'));

  expect(await names({ folder: path.join(folder, 'link') })).toEqual(['x.txt']);
});

test('an overlay adds files and replaces them, and is never ignored', async () => {
  const folder = folderOf({ 'convox.yml': 'old', 'x.txt': 'x', '.dockerignore': '*.yml\nnew\n' });
  const overlay = new Map([
    ['convox.yml', 'new'],
    ['new/deep/file.txt', 'added'],
  ]);

  const entries = await packed({ folder, overlay });

  expect(entries.map(({ name, content }) => [name, content])).toEqual([
    ['.dockerignore', '*.yml\nnew\n'],
    ['convox.yml', 'new'],
    ['new/', ''],
    ['new/deep/', ''],
    ['new/deep/file.txt', 'added'],
    ['x.txt', 'x'],
  ]);
});

test('an overlay that points out of the folder is refused', async () => {
  const error = await errorOf(bytesOf({ folder: folderOf({}), overlay: new Map([['../x', 'y']]) }));

  expect(error).toMatchObject({ code: 'SOURCE_INVALID' });
});

test('a folder that is not there is a named error', async () => {
  const error = await errorOf(bytesOf({ folder: '/no/such/folder' }));

  expect(error).toMatchObject({ code: 'SOURCE_INVALID', details: { folder: '/no/such/folder' } });
});

interface Corpus {
  readonly patterns: string;
  readonly classic: readonly string[];
  readonly standard: readonly string[];
}

const TREE = {
  Dockerfile: '',
  '.env': '',
  '.git/config': '',
  'a.log': '',
  'src/a.log': '',
  'src/main.js': '',
  'src/deep/b.log': '',
  'node_modules/x/index.js': '',
  'README.md': '',
};
const EVERYTHING = Object.keys(TREE);
const without = (...gone: readonly string[]): readonly string[] => EVERYTHING.filter((name) => !gone.includes(name));

// What the convox CLIs of both eras pack of one tree (convox/rack@20171213132441 cmd/convox, convox/rack@20260421192651
// pkg/helpers/tar.go; both by moby's pkg/archive and builder/dockerignore).
const corpus: Readonly<Record<string, Corpus>> = {
  'nothing is ignored by default, .env and .git included': same('', EVERYTHING),
  'a name matches at the top': same('README.md', without('README.md')),
  'a star stays at the top': same('*.log', without('a.log')),
  'two stars match at any depth': same('**/*.log', without('a.log', 'src/a.log', 'src/deep/b.log')),
  'a folder takes all below it': same('node_modules', without('node_modules/x/index.js')),
  'a trailing slash is nothing special': same('node_modules/', without('node_modules/x/index.js')),
  'one star in a path is one level': same('*/a.log', without('src/a.log')),
  'a question mark is one character': same('?.log', without('a.log')),
  'comments and blank lines are skipped': same('# README.md\n\n   \n', EVERYTHING),
  'a comment begins at the first character': same(' # x\nREADME.md', without('README.md')),
  'spaces around a pattern are dropped': same('  README.md  ', without('README.md')),
  'CR LF is one line end': same('README.md\r\na.log\r\n', without('README.md', 'a.log')),
  'a byte order mark is dropped': same('\uFEFFREADME.md', without('README.md')),
  'case counts': same('readme.md', EVERYTHING),
  'an exclamation mark brings back': same('*.log\n!a.log', EVERYTHING),
  'the last match wins': same('!a.log\n*.log', without('a.log')),
  'a file comes back from an ignored folder': same('src\n!src/main.js', without('src/a.log', 'src/deep/b.log')),
  'a pattern brings back from below': same('src\n!src/**/*.log', without('src/main.js')),
  'everything but': same('**\n!src/main.js', ['Dockerfile', 'src/main.js'], ['src/main.js']),
  'a leading slash': {
    patterns: '/README.md\n/src/a.log',
    classic: EVERYTHING,
    standard: without('README.md', 'src/a.log'),
  },
  'a leading slash after an exclamation mark': {
    patterns: 'src\n!/src/main.js',
    classic: without('src/main.js', 'src/a.log', 'src/deep/b.log'),
    standard: without('src/a.log', 'src/deep/b.log'),
  },
  'Dockerfile and .dockerignore excluded': {
    patterns: 'Dockerfile\n.dockerignore',
    classic: EVERYTHING,
    standard: without('Dockerfile'),
  },
  'a dot and a slash are cleaned away': same('./src/../README.md', without('README.md')),
  'a backslash takes the meaning from a character': same('\\*.log', EVERYTHING),
};

function same(patterns: string, classic: readonly string[], standard: readonly string[] = classic): Corpus {
  return { patterns, classic, standard };
}

const corpusCases = Object.entries(corpus).flatMap(([name, { patterns, classic, standard }]) => [
  [name, 'classic', patterns, classic] as const,
  [name, 'standard', patterns, standard] as const,
]);

test.each(corpusCases)('.dockerignore: %s (%s)', async (_name, era, patterns, expected) => {
  const folder = folderOf({ ...TREE, '.dockerignore': patterns });

  const all = await names({ folder, era });

  const files = all.filter((name) => !name.endsWith('/') && name !== '.dockerignore');
  expect(files.toSorted()).toEqual([...expected].toSorted());
  const parents = new Set(files.flatMap((name) => parentsOf(name)));
  const folders = new Set(all.filter((name) => name.endsWith('/')));
  // The classic rack does not make missing folders, so each file's parents must be there, and before it.
  expect([...parents].filter((parent) => !folders.has(parent))).toEqual([]);
  for (const file of files)
    for (const parent of parentsOf(file)) expect(all.indexOf(parent)).toBeLessThan(all.indexOf(file));
});

function parentsOf(name: string): readonly string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`);
}

test('a pattern that nobody can read is named', async () => {
  const folder = folderOf({ 'x.txt': '', '.dockerignore': 'ok\n[a\n' });

  const error = await errorOf(bytesOf({ folder }));

  expect(error).toMatchObject({ code: 'SOURCE_INVALID', details: { pattern: '[a' } });
});
