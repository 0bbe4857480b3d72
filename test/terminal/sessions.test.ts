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
async function open(command: string, columns: number, world?: Playground, settings = ''): Promise<Terminal> {
  const cwd = world?.folder ?? (await temporaryFolder());
  const env = { ...world?.env, HOME: cwd, XDG_CACHE_HOME: `${ROOT}node_modules/.cache`, LANG: 'C.UTF-8' };
  return new Terminal(`${settings} ${GEN2} ${command}`, { columns, cwd, env });
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

/** What begins a colour, as text; where it ends each version of tmux says in its own way. */
function coloursOf(terminal: Terminal): string {
  return terminal
    .coloured()
    .replaceAll('\u001b', '␛')
    .replaceAll(/␛\[(?:0;)?(?:|0|22|39|49)m/g, '')
    .replaceAll('␛[0;', '␛[');
}

describe.runIf(isTried)('colours', () => {
  test(
    'are of the terminal itself, which knows whether it is dark or light; none with NO_COLOR or in a pipe',
    async () => {
      const world = await playground();
      const shown = async (command: string, settings = ''): Promise<string> => {
        const terminal = await open(command, 100, world, settings);
        await terminal.until(ENDED);
        return normalised(coloursOf(terminal));
      };
      const plan = 'plan shop --source shop';

      const dark = await shown(plan, 'COLORFGBG="15;0"');
      const light = await shown(plan, 'COLORFGBG="0;15"');
      const plain = await shown(plan, 'NO_COLOR=1');
      const piped = await shown(`${plan} | cat`);
      const failing = await shown('status shop 2>&1 | cat');

      // Bold, dim, and the palette's own red, green, yellow and cyan: no colour of ours that could be unreadable there.
      const codes = [...dark.matchAll(/␛\[([0-9;]*)m/g)].map(([, code = '']) => code);
      expect(codes.filter((code) => !/^(?:1|2|3[1236])$/.test(code))).toEqual([]);
      expect(light).toBe(dark);
      expect(plain).not.toMatch(/␛\[3[0-8]/);
      expect(piped).not.toContain('␛');
      await expect(`${dark}\n`).toMatchFileSnapshot('fixtures/plan-coloured.txt');
      await expect(`${piped}\n`).toMatchFileSnapshot('fixtures/plan-piped.txt');
      await expect(`${failing}\n`).toMatchFileSnapshot('fixtures/error-piped.txt');
    },
    LONG_MS,
  );
});
