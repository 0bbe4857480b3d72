import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { Module } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { Script } from 'node:vm';

const HEAD = '(function (exports, require, module, __filename, __dirname) {';
/** Who has run for longer has more to write, and did not wait for the start. */
const LONGEST_S = 10;

/** What Node.js's loader for CommonJS calls with the text of a module; older than any types. */
interface Compiling {
  _compile: (this: NodeJS.Module, source: string, filename: string) => unknown;
}
/** Node.js from 22.1. */
interface Caching {
  enableCompileCache: (directory: string) => unknown;
}
type ModuleBody = (
  exports: unknown,
  require: (id: string) => unknown,
  module: NodeJS.Module,
  file: string,
  dir: string,
) => void;

/**
 * Keeps what V8 made of the command's files in the user's cache directory, so that the next start need not compile them
 * again: half of the time of `gen2 balancers`. With Node.js 22 by its own `module.enableCompileCache()`, before by the
 * same means. `NODE_DISABLE_COMPILE_CACHE=1` turns both off. A cache that cannot be read or written costs time, nothing else.
 */
export function keepCompiledCode(): void {
  const { XDG_CACHE_HOME: given = '', NODE_DISABLE_COMPILE_CACHE: isOff } = process.env;
  if (isOff === '1') return;
  const base = isAbsolute(given) ? given : join(homedir(), '.cache');
  const cache = join(base, 'convox-gen2', `${process.version}-${process.arch}`);
  if (!mayBeTrusted(cache)) return;
  const { enableCompileCache = compileThrough } = Module as unknown as Partial<Caching>;
  enableCompileCache(cache);
}

/** Code is taken from nobody else: the directory is ours alone, or not there yet. */
function mayBeTrusted(directory: string): boolean {
  try {
    const found = statSync(directory, { throwIfNoEntry: false });
    if (found === undefined || process.getuid === undefined) return true;
    return found.uid === process.getuid() && (found.mode & 0o022) === 0;
  } catch {
    return false; // what cannot be looked at is not ours
  }
}

/** The bundle's files are named by their contents (scripts/bundle.mjs), so that a name tells what was compiled. */
function compileThrough(cache: string): void {
  const bundle = import.meta.dirname;
  const compiled: { readonly file: string; readonly script: Script }[] = [];
  const loader = Module.prototype as unknown as Compiling;
  const compile = loader._compile;
  loader._compile = function (this: NodeJS.Module, source, filename) {
    if (dirname(filename) !== bundle) return compile.call(this, source, filename);
    const file = join(cache, `${basename(filename)}.bin`);
    const cachedData = contentsOf(file);
    const script = new Script(`${HEAD}${source}\n})`, { filename, columnOffset: -HEAD.length, cachedData });
    if (cachedData === undefined || script.cachedDataRejected === true) compiled.push({ file, script });
    const body = script.runInThisContext() as ModuleBody;
    body.call(this.exports, this.exports, (id): unknown => this.require(id), this, filename, bundle);
    return undefined;
  };
  process.on('exit', () => {
    if (process.uptime() < LONGEST_S) for (const { file, script } of compiled) keep(file, script.createCachedData());
  });
}

function contentsOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined; // not kept yet
  }
}

/** Whole or not at all, also when the machine stops: V8 believes what it is given. */
function keep(file: string, data: Buffer): void {
  const unfinished = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(unfinished, data, { flag: 'wx', mode: 0o600, flush: true });
    renameSync(unfinished, file);
  } catch {
    // no such directory can be made, or another gen2 makes the same file: the next start compiles again
  }
}
