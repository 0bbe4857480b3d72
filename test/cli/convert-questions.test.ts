import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { runGen2 } from '../../src/cli/program.ts';
import { temporaryFolder } from './support/folders.ts';
import { gen2, testShell, type TestShell } from './support/test-shell.ts';

const RACK = '20180901000000';
/** The port is a question without a safe answer; the health path and PROCESS have defaults. */
const COMPOSE = `version: "2"
services:
  web:
    image: example/web
    labels: [convox.port.80.protocol=http, convox.port.81.protocol=http]
    ports: ["80:3000", "81:4000"]
`;

interface Session {
  readonly shell: TestShell;
  readonly folder: string;
  readonly answersPath: string;
  readonly ended: Promise<number>;
  asked(id: string): Promise<void>;
  /** Waits for the question of this id, then types a line. */
  answer(id: string, line: string): Promise<void>;
}

async function session(argv: readonly string[] = [], files: Readonly<Record<string, string>> = {}): Promise<Session> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries({ 'docker-compose.yml': COMPOSE, ...files })) {
    await writeFile(join(folder, name), text);
  }
  const shell = testShell({ cwd: folder, isTTY: true, env: { NO_COLOR: '1' } });
  const ended = runGen2(['convert', '--rack-version', RACK, ...argv], shell);
  let seen = 0;
  const asked = (id: string): Promise<void> =>
    vi.waitFor(
      () => {
        const fresh = shell.stderr.text.slice(seen);
        expect(fresh).toContain(`${id} (line`);
        expect(fresh).toContain('leave it open: ');
      },
      { timeout: 15_000 },
    );
  return {
    ...{ shell, folder, ended, answersPath: join(folder, 'gen2.answers.yaml') },
    asked,
    async answer(id, line) {
      await asked(id);
      seen = shell.stderr.text.length;
      shell.keyboard.write(`${line}\r`);
    },
  };
}

describe('gen2 convert at a terminal', () => {
  test('asks what is open, takes an answer, a number or the default, and records each', async () => {
    const { answer, ended, answersPath, folder, shell } = await session();

    await answer('environment.PROCESS', 'add');
    await answer('web.port', '3');
    await answer('web.health', '');

    expect(await ended).toBe(0);
    expect((await readFile(answersPath, 'utf8')).split('\n').filter((line) => !line.includes('#'))).toEqual([
      'version: 1',
      'answers:',
      '  environment.PROCESS: "add"',
      '  web.health: "/"',
      '  web.port: "4000"',
      '',
    ]);
    expect(await readFile(answersPath, 'utf8')).toContain('  # Which container port of web serves the application?\n');
    expect(await readFile(join(folder, 'convox.yml'), 'utf8')).toContain('port: 4000');
    expect(shell.stdout.text).toBe('');
  });

  test('what was recorded is replayed without a terminal and without a question', async () => {
    const { answer, ended, folder } = await session();
    await answer('environment.PROCESS', '');
    await answer('web.port', '3000');
    await answer('web.port.81', '1');
    await answer('web.health', '/up');
    await ended;
    const written = await readFile(join(folder, 'convox.yml'), 'utf8');

    const replayed = await gen2(['convert', '--rack-version', RACK, '-o', '-'], { cwd: folder });

    expect(replayed).toMatchObject({ exitCode: 0, stdout: written });
    expect(replayed.stderr).not.toContain('open');
  });

  test('asks again when an answer cannot be used', async () => {
    const { answer, ended, answersPath, shell } = await session();

    await answer('environment.PROCESS', 'perhaps');
    await answer('environment.PROCESS', '-');
    await answer('web.port', '9999');
    await answer('web.port', '4000');
    await answer('web.health', 'no path at all');
    await answer('web.health', '/up');

    expect(await ended).toBe(0);
    expect(shell.stderr.text).toContain('It must be one of: add, leave-out.');
    const recorded = await readFile(answersPath, 'utf8');
    expect(recorded).toContain('web.port: "4000"');
    expect(recorded).not.toMatch(/9999|perhaps|no path|PROCESS:/);
  });

  test('Enter leaves a question without a default open: a blocker, nothing converted, answers kept', async () => {
    const { answer, ended, answersPath, folder } = await session();

    await answer('environment.PROCESS', 'add');
    await answer('web.port', '');

    expect(await ended).toBe(3);
    expect(await readFile(answersPath, 'utf8')).toContain('environment.PROCESS: "add"');
    await expect(readFile(join(folder, 'convox.yml'))).rejects.toThrow('ENOENT');
  });

  test.each([
    ['Ctrl-C stops the command', '\u0003', 130],
    ['the end of the input leaves the rest open', '\u0004', 3],
  ])('%s, and keeps what was answered', async (_, key, exitCode) => {
    const { answer, ended, answersPath, folder } = await session();
    await answer('environment.PROCESS', 'add');

    await answer('web.port', key);

    expect(await ended).toBe(exitCode);
    expect(await readFile(answersPath, 'utf8')).toContain('environment.PROCESS: "add"');
    await expect(readFile(join(folder, 'convox.yml'))).rejects.toThrow('ENOENT');
  });

  test('records in the file named by --answers, beside what it holds', async () => {
    const named = 'version: 1\nanswers: {environment.PROCESS: leave-out, web.health: /up}\n';
    const { answer, ended, folder } = await session(['--answers', 'ours.yaml'], { 'ours.yaml': named });

    await answer('web.port', '3000');
    await answer('web.port.81', 'drop');

    expect(await ended).toBe(0);
    const recorded = await readFile(join(folder, 'ours.yaml'), 'utf8');
    expect(recorded).toContain('web.health: "/up"');
    expect(recorded).toContain('web.port: "3000"');
    expect(await readdir(folder)).toEqual(['convox.yml', 'docker-compose.yml', 'ours.yaml']);
  });

  const COMMENTED = 'version: 1\nanswers:\n  # agreed with Ada\n  environment.PROCESS: add\n';

  test('asks nothing where recording would lose comments somebody wrote', async () => {
    const { ended, answersPath, shell } = await session([], { 'gen2.answers.yaml': COMMENTED });

    expect(await ended).toBe(3);
    expect(shell.stderr.text).toContain('holds comments that recording an answer would lose');
    expect(await readFile(answersPath, 'utf8')).toBe(COMMENTED);
  });

  test('asks and replaces such a file with --force', async () => {
    const { answer, ended, answersPath } = await session(['--force'], { 'gen2.answers.yaml': COMMENTED });

    await answer('web.port', '3000');
    await answer('web.port.81', 'drop');
    await answer('web.health', '-');

    expect(await ended).toBe(0);
    expect(await readFile(answersPath, 'utf8')).not.toContain('Ada');
  });

  test('does not write over what somebody else wrote while questions were asked', async () => {
    const { asked, answer, ended, answersPath } = await session();
    const theirs = 'version: 1\nanswers: {web.port: 3000}\n';
    await asked('environment.PROCESS');
    await writeFile(answersPath, theirs);

    await answer('environment.PROCESS', 'add');

    expect(await ended).toBe(7);
    expect(await readFile(answersPath, 'utf8')).toBe(theirs);
  });

  test.each(['--json', '--sarif'])('asks nothing with %s, whose reader is a program', async (format) => {
    const { ended, shell } = await session([format]);

    expect(await ended).toBe(3);
    expect(shell.stderr.text).not.toContain('to leave it open');
    expect(() => JSON.parse(shell.stdout.text) as unknown).not.toThrow();
  });
});
