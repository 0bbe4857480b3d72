/**
 * Packs generated trees with `sourceArchive` and, in the same run, with GNU `tar czf`: time, ratio, peak memory.
 *
 *     npm run bench:pack             both trees
 *     npm run bench:pack -- --small  only the first
 *     npm run bench:pack -- --json   the last line is one JSON object
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';

const MB = 1024 * 1024;
const LIMITS = { ratio: 1.2, rssMb: 120 };

interface Measured {
  readonly seconds: number;
  readonly rssMb: number;
  readonly archiveMb: number;
}

interface Result {
  readonly tree: string;
  readonly ours: Measured;
  readonly tar: Measured;
  readonly ratio: number;
  readonly isSameSet: boolean;
}

/** Words drawn by a small generator with a fixed seed: text that compresses about as source code does. */
function textSource(seed: number): (bytes: number) => Buffer {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  const words = Array.from({ length: 4_000 }, () => (next() % 1_679_616).toString(36).padStart(2 + (next() % 7), 'e'));
  const pool = Buffer.from(Array.from({ length: MB / 2 }, () => words[next() % words.length]).join(' '));
  return (bytes) => {
    const at = next() % (pool.length / 2);
    return pool.subarray(at, at + Math.min(bytes, pool.length / 2));
  };
}

function writeLarge(file: string, bytes: number, text: (bytes: number) => Buffer): void {
  const handle = openSync(file, 'w');
  for (let written = 0; written < bytes;) {
    const piece = text(Math.min(MB, bytes - written));
    writeSync(handle, piece);
    written += piece.length;
  }
  closeSync(handle);
}

/** 4,000 files, 64 MB, one of them 30 MB. */
function smallTree(folder: string): void {
  const text = textSource(7);
  writeLarge(path.join(folder, 'one-large.bin'), 30 * MB, text);
  const each = Math.floor((34 * MB) / 3_999);
  for (let n = 0; n < 3_999; n++) {
    const at = path.join(folder, `package-${n % 50}`, `part-${n % 7}`);
    mkdirSync(at, { recursive: true });
    writeFileSync(path.join(at, `file-${n}.ts`), text(each));
  }
}

/** 2 GB in 200 files. */
function largeTree(folder: string): void {
  const text = textSource(11);
  for (let n = 0; n < 200; n++) {
    const at = path.join(folder, `data-${n % 10}`);
    mkdirSync(at, { recursive: true });
    writeLarge(path.join(at, `blob-${n}.bin`), Math.ceil((2_048 * MB) / 200), text);
  }
}

/** The packer as JavaScript, beside `node_modules` so that it finds its packages: what is measured is not the loader. */
function compile(): string {
  const root = path.dirname(import.meta.dirname);
  const out = path.join(root, 'node_modules', '.cache', 'bench-pack');
  const packer = ['source-archive', 'source-tree', 'ignore-rules'].map((name) => `src/convox-api/${name}.ts`);
  for (const file of ['bench/pack-child.ts', 'src/errors.ts', ...packer]) {
    const { outputText } = ts.transpileModule(readFileSync(path.join(root, file), 'utf8'), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        rewriteRelativeImportExtensions: true,
      },
    });
    const target = path.join(out, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  writeFileSync(path.join(out, 'package.json'), '{"type":"module"}');
  return path.join(out, 'bench', 'pack-child.js');
}

function packOurs(folder: string, archive: string): Measured {
  const run = spawnSync(process.execPath, [child, folder, archive], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`packing failed: ${run.stderr}`);
  const { seconds, rssMb } = JSON.parse(run.stdout) as { seconds: number; rssMb: number }; // written by pack-child.ts
  return { seconds, rssMb, archiveMb: statSync(archive).size / MB };
}

function packTar(folder: string, archive: string): Measured {
  const startedAt = performance.now();
  execFileSync('tar', ['czf', archive, '-C', folder, '.']);
  return { seconds: (performance.now() - startedAt) / 1000, rssMb: 0, archiveMb: statSync(archive).size / MB };
}

function listOf(archive: string): string {
  const list = execFileSync('tar', ['tzf', archive], { encoding: 'utf8', maxBuffer: 64 * MB });
  return list
    .split('\n')
    .map((name) => name.replace(/^\.\//, ''))
    .filter((name) => name !== '')
    .toSorted()
    .join('\n');
}

function measure(tree: string, generate: (folder: string) => void, work: string): Result {
  const folder = path.join(work, tree);
  mkdirSync(folder);
  generate(folder);
  const ours = path.join(work, 'ours.tgz');
  const theirs = path.join(work, 'tar.tgz');
  // The first reading warms the disk cache, so that neither has an advantage.
  execFileSync('tar', ['cf', '/dev/null', '-C', folder, '.']);
  const tar = packTar(folder, theirs);
  const mine = packOurs(folder, ours);
  const result = {
    tree,
    ours: mine,
    tar,
    ratio: mine.seconds / tar.seconds,
    isSameSet: listOf(ours) === listOf(theirs),
  };
  rmSync(folder, { recursive: true });
  rmSync(ours);
  rmSync(theirs);
  return result;
}

function print({ tree, ours, tar, ratio, isSameSet }: Result): void {
  console.log(
    [
      `${tree}:`,
      `sourceArchive ${ours.seconds.toFixed(2)} s (${ours.archiveMb.toFixed(1)} MB),`,
      `tar czf ${tar.seconds.toFixed(2)} s (${tar.archiveMb.toFixed(1)} MB),`,
      `ratio ${ratio.toFixed(2)}, peak RSS ${ours.rssMb.toFixed(0)} MB, file sets ${isSameSet ? 'equal' : 'DIFFERENT'}`,
    ].join(' '),
  );
}

const child = compile();
const work = mkdtempSync(path.join(tmpdir(), 'bench-pack-'));
try {
  const results = [measure('4,000 files, 64 MB', smallTree, work)];
  if (!process.argv.includes('--small')) results.push(measure('200 files, 2 GB', largeTree, work));
  for (const result of results) print(result);
  const [small] = results;
  const isWithin =
    small !== undefined &&
    small.ratio <= LIMITS.ratio &&
    results.every(({ ours, isSameSet }) => isSameSet && ours.rssMb <= LIMITS.rssMb);
  console.log(
    isWithin
      ? 'within the limits'
      : `beyond the limits: ratio <= ${LIMITS.ratio}, peak RSS <= ${LIMITS.rssMb} MB, equal sets`,
  );
  if (process.argv.includes('--json')) console.log(JSON.stringify({ limits: LIMITS, isWithin, results }));
  process.exitCode = isWithin ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
