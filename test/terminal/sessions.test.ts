import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../cli/support/folders.ts';
import { playground, type Playground } from '../cli/support/sandbox.ts';
import { normalised } from './fixtures.ts';
import { hasTmux, Terminal } from './tmux.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const GEN2 = `${process.execPath} ${ROOT}dist/cli/main.js`;
const LONG_MS = 400_000;
const WIDTHS = [80, 40] as const;
/** Simulated ms: longer than any test. */
const NEVER_MS = 30 * 24 * 3_600_000;
const ENDED = /ended with \d+/;
const isTried = process.env['GEN2_REQUIRE_TMUX'] === '1' || hasTmux();

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [`${ROOT}scripts/build.mjs`]);
}, LONG_MS);

/** A terminal in the folder of a world, or in an empty one, that has begun with `gen2 …`. */
async function open(command: string, columns: number, world?: Playground): Promise<Terminal> {
  const cwd = world?.folder ?? (await temporaryFolder());
  const env = { ...world?.env, HOME: cwd, XDG_CACHE_HOME: `${ROOT}node_modules/.cache`, LANG: 'C.UTF-8' };
  return new Terminal(`${GEN2} ${command}`, { columns, cwd, env });
}

/** What a screen looked like last time, and that nothing on it was broken by the terminal that could be broken at a space. */
async function expectScreen(terminal: Terminal, name: string, screen = terminal.screen()): Promise<void> {
  const tooLong = terminal.lines().filter((line) => line.length > terminal.columns);
  const isOneWord = /^ *(?:[-+·] )?\S+$/;
  const isToBeCopied = /^ {2}gen2 |^report: file:/;
  expect(tooLong.filter((line) => !isOneWord.test(line) && !isToBeCopied.test(line))).toEqual([]);
  await expect(`${normalised(screen)}\n`).toMatchFileSnapshot(`fixtures/${name}-${terminal.columns}.txt`);
}

describe.runIf(isTried).each(WIDTHS)('a terminal of %i columns', (columns) => {
  test.each([
    ['help', '--help'],
    ['help-migrate', 'migrate --help'],
    ['error-usage', 'migrat shop'],
    ['error-no-rack', 'plan shop'],
    ['error-not-found', 'status shop'],
  ])(
    'shows %s',
    async (name, command) => {
      const terminal = await open(command, columns);
      await terminal.until(ENDED);

      await expectScreen(terminal, name);
    },
    LONG_MS,
  );

  test(
    'shows a plan, the question at a gate, what waits there, and the report of what was rejected',
    async () => {
      const world = await playground();
      const plan = await open('plan shop --source shop', columns, world);
      await plan.until(ENDED);
      await expectScreen(plan, 'plan');

      const migration = await open('migrate shop --source shop', columns, world);
      const asked = await migration.until(/Type "yes"[^:]*: *$/);
      await expectScreen(migration, 'gate', asked.slice(asked.indexOf('? Move the traffic')));
      const status = await open('status shop', columns, world);
      await status.until(ENDED);
      expect(normalised(status.screen())).toContain('waits for approval: Move');

      migration.type('no');
      const ended = await migration.until(ENDED);
      await expectScreen(migration, 'rejected', ended.slice(ended.indexOf('error[')));
      const report = await open('report shop', columns, world);
      await report.until(ENDED);
      const timeless = report
        .screen()
        .split('\n\n')
        .filter((part) => /^(?:DNS|Commit|Cost|Warnings)/.test(part));
      await expectScreen(report, 'report', timeless.join('\n\n'));
      expect(report.screen()).toContain('approve-cutover');
    },
    LONG_MS,
  );

  test(
    'has one live line while a mail is awaited, and says how to go on when it is interrupted',
    async () => {
      const world = await playground({ approveAfterMs: NEVER_MS });
      const migration = await open('migrate shop --source shop', columns, world);
      await migration.until(/(?:waits for a person.*){3}/);
      const waiting = await migration.until(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] promote-temporary-app .*\d/m);
      const [live = '', ...more] = waiting.split('\n').filter((line) => /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(line));
      expect(more).toEqual([]);
      expect(live.length).toBeLessThan(columns);
      // In the order in which AWS lists them, which is none.
      const mails = waiting.slice(waiting.indexOf('\n… ') + 1, waiting.indexOf(live)).split(/^(?=… )/m);
      await expectScreen(migration, 'waiting', `${mails.toSorted().join('')}${live}`);

      migration.interrupt();
      const stopped = await migration.until(ENDED);
      await expectScreen(migration, 'interrupted', stopped.slice(stopped.indexOf('SIGINT')));
    },
    LONG_MS,
  );
});

describe.runIf(isTried)('colours', () => {
  test(
    'are those of the terminal, dark or light, and none with NO_COLOR or in a pipe',
    async () => {
      const world = await playground();
      const shown = async (command: string): Promise<string> => {
        const terminal = await open(command, 80, world);
        await terminal.until(ENDED);
        return terminal.coloured();
      };
      const plan = 'plan shop --source shop';

      const dark = await shown(plan);
      const none = await shown(`${plan} --config /dev/null; NO_COLOR=1 ${GEN2} ${plan}`);
      const piped = await shown(`${plan} | cat`);

      // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
      const codes = [...dark.matchAll(/\u001b\[([0-9;]*)m/g)].map(([, code = '']) => code);
      expect(new Set(codes.filter((code) => !/^(?:|0|0;1|1|2|22|3[1236]|[34]9)$/.test(code)))).toEqual(new Set());
      expect(none.slice(none.lastIndexOf('Plan for'))).not.toContain('\u001b[3');
      expect(piped).not.toContain('\u001b[3');
    },
    LONG_MS,
  );
});
