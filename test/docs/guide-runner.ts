import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Playground } from '../cli/support/sandbox.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a document, with what stands behind the language: `sh exit=10`, `sh background until="…"`. */
export interface Block {
  readonly language: string;
  readonly code: string;
  readonly line: number;
  /** Why it cannot be run here. */
  readonly skip?: string;
  /** The exit code of its last command; default 0. */
  readonly exit: number;
  /** True: it goes on while the next blocks run, once `until` was written. */
  readonly isBackground: boolean;
  readonly until?: RegExp;
  /** True: what runs in the background must have ended well before this begins. */
  readonly isAfterBackground: boolean;
}

/** The fenced blocks of a document, in their order. */
export async function blocksOf(path: string): Promise<readonly Block[]> {
  const text = await readFile(join(ROOT, path), 'utf8');
  return [...text.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, language = '', info = '', code = ''] = match;
    const quoted = (key: string): string | undefined => new RegExp(`\\b${key}="([^"]*)"`).exec(info)?.[1];
    const words = info.split(/\s+/);
    const [skip, until] = [quoted('skip'), quoted('until')];
    return {
      ...{ language, code },
      line: text.slice(0, match.index).split('\n').length,
      exit: Number(/\bexit=(\d+)/.exec(info)?.[1] ?? 0),
      isBackground: words.includes('background'),
      isAfterBackground: words.includes('after-background'),
      ...(skip === undefined ? {} : { skip }),
      ...(until === undefined ? {} : { until: new RegExp(until) }),
    };
  });
}

/** Runs the blocks of a document one after the other, in a folder where `gen2` is a command and `shop/` the source. */
export class GuideRunner {
  readonly #world: Playground;
  readonly #env: NodeJS.ProcessEnv;
  readonly #background: Promise<void>[] = [];
  #scripts = 0;

  private constructor(world: Playground) {
    this.#world = world;
    const path = `${join(world.folder, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`;
    this.#env = { ...world.env, PATH: path, HOME: world.folder, NO_COLOR: '1' };
  }

  static async in(world: Playground): Promise<GuideRunner> {
    const modules = join(world.folder, 'node_modules');
    await mkdir(join(modules, '.bin'), { recursive: true });
    await symlink(join(ROOT, 'dist', 'cli', 'main.js'), join(modules, '.bin', 'gen2'));
    await symlink(join(ROOT, 'dist', 'cli', 'main.js'), join(modules, '.bin', 'convox-gen2'));
    await symlink(ROOT, join(modules, 'convox-gen2'));
    return new GuideRunner(world);
  }

  /** @throws {Error} with all the output when a block does not end as the document says. */
  async run(block: Block): Promise<void> {
    if (block.isAfterBackground) await this.finish();
    if (block.language === 'ts') return this.#runTypeScript(block);
    const child = this.#start('bash', ['--norc', '-euo', 'pipefail', '-c', block.code]);
    const ended = this.#ended(child, block);
    if (!block.isBackground) return ended.over;
    this.#background.push(ended.over);
    await Promise.race([ended.said, ended.over]);
  }

  /** Waits until nothing runs in the background. */
  async finish(): Promise<void> {
    await Promise.all(this.#background.splice(0));
  }

  async #runTypeScript(block: Block): Promise<void> {
    const file = join(this.#world.folder, `script-${(this.#scripts += 1)}.mts`);
    await writeFile(file, block.code);
    const tsx = join(ROOT, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs');
    await this.#ended(this.#start(process.execPath, ['--import', tsx, file]), block).over;
  }

  #start(command: string, argv: readonly string[]): ChildProcess {
    const child = spawn(command, argv, { cwd: this.#world.folder, env: this.#env, detached: true });
    onTestFinished(() => {
      // The whole group: a shell that dies leaves what it started.
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    });
    return child;
  }

  #ended(child: ChildProcess, { code, exit, line, until }: Block): { over: Promise<void>; said: Promise<void> } {
    let output = '';
    let heard = (): void => undefined;
    const said = new Promise<void>((resolve) => (heard = resolve));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        output += text.toString();
        if (until?.test(output) === true) heard();
      });
    }
    const over = new Promise<void>((resolve, reject) => {
      child.on('close', (ended) => {
        if (ended === exit) resolve();
        else reject(new Error(`line ${line} ended with ${ended}, not ${exit}:\n${code}\n${output}`));
      });
    });
    over.catch(() => undefined); // told by whoever waits for it
    return { over, said };
  }
}
