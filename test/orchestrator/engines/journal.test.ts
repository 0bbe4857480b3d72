import { spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { formatJournal, readJournal } from '../../../src/orchestrator/engines/local/journal-format.ts';
import { Journal, peekJournal } from '../../../src/orchestrator/engines/local/journal.ts';
import { replay } from '../../../src/orchestrator/engines/local/replay.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { recordedJournals } from './recorded-journals.ts';

const recorded = await recordedJournals();

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gen2-journal-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

describe('a journal of format 1', () => {
  test.each(recorded)('$name: is read as what it says, and left as it is by who only reads', async ({ path, text }) => {
    const copy = join(await folder(), 'journal.jsonl');
    await copyFile(path, copy);

    const state = replay(await peekJournal(copy));

    expect(state?.outcome).toMatch(/^(succeeded|aborted)$/);
    expect(state?.results.size).toBeGreaterThan(20);
    expect(await readFile(copy, 'utf8')).toBe(text);
  });

  test.each(recorded)('$name: is brought up to date by who writes to it; the old file is kept', async ({ text }) => {
    const where = await folder();
    const path = join(where, 'journal.jsonl');
    await writeFile(path, `${text}0badc0de {"type":"step-fini`);
    const before = replay(readJournal(text, path).lines);

    const journal = await Journal.open(path, systemClock);
    await journal.append({ type: 'step-started', step: 'one more' });
    await journal.close();

    const { lines, version } = readJournal(await readFile(path, 'utf8'), path);
    expect(version).toBe(2);
    expect(lines.at(-1)).toMatchObject({ type: 'step-started', step: 'one more' });
    expect({ ...replay(lines.slice(0, -1)) }).toEqual({ ...before });
    expect((await readdir(where)).toSorted()).toEqual(['journal.jsonl', 'journal.jsonl.v1']);
    expect(await readFile(`${path}.v1`, 'utf8')).toBe(`${text}0badc0de {"type":"step-fini`);
  });

  test('is brought up to date anew when a process was killed while doing so', async () => {
    const [{ text }] = recorded;
    const where = await folder();
    const path = join(where, 'journal.jsonl');
    await writeFile(path, text);
    await writeFile(`${path}.v1`, text.slice(0, 1000));
    await writeFile(`${path}.draft`, 'half a li');

    await (await Journal.open(path, systemClock)).close();

    expect(readJournal(await readFile(path, 'utf8'), path).version).toBe(2);
    expect(await readFile(`${path}.v1`, 'utf8')).toBe(text);
    expect((await readdir(where)).toSorted()).toEqual(['journal.jsonl', 'journal.jsonl.v1']);
  });
});

describe('damage', () => {
  const { lines } = readJournal(recorded[0].text, 'recorded');
  const whole = formatJournal(lines);

  test('of any byte but in the last line is refused with file and line', () => {
    const lastLineAt = Buffer.byteLength(whole.slice(0, whole.trimEnd().lastIndexOf('\n') + 1));
    fc.assert(
      fc.property(fc.nat({ max: lastLineAt - 2 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(whole);
        const line = bytes.subarray(0, at).toString('latin1').split('\n').length;
        bytes[at] = bytes[at]! ^ change;
        let refusal: unknown;
        try {
          readJournal(bytes.toString('utf8'), 'journal.jsonl');
        } catch (error) {
          refusal = error;
        }

        expect(refusal).toMatchObject({
          code: expect.stringMatching(/^JOURNAL_(DAMAGED|VERSION)$/) as string,
          message: expect.stringMatching(/^journal\.jsonl[: ]/) as string,
        });
        const { code, details } = refusal as { code: string; details: { line?: number } };
        if (code === 'JOURNAL_DAMAGED') expect(details.line).toBe(line);
      }),
      { numRuns: 300 },
    );
  });

  test('by whole lines out of an older copy or another journal is refused with file and line', () => {
    const others = lines.map((line) => (line.seq === 20 ? { ...line, at: line.at + 1 } : line));
    const pieces = whole.split('\n');
    const mixed = [...pieces.slice(0, 30), ...formatJournal(others).split('\n').slice(30)].join('\n');

    expect(() => readJournal(mixed, 'journal.jsonl')).toThrow(/^journal\.jsonl:31: .*checksum does not fit/);
  });

  test('by a line that is missing is refused with file and line', () => {
    const pieces = recorded[0].text.split('\n');
    expect(() => readJournal(pieces.toSpliced(10, 1).join('\n'), 'journal.jsonl')).toThrow(
      /^journal\.jsonl:11: .*it is number 12, 11 was due/,
    );
    expect(() => readJournal(whole.split('\n').toSpliced(10, 1).join('\n'), 'journal.jsonl')).toThrow(
      /^journal\.jsonl:11: /,
    );
  });

  test('of the last line, torn at any byte or filled with zeros by a power cut, is no damage', () => {
    const lastLineAt = Buffer.byteLength(whole.slice(0, whole.trimEnd().lastIndexOf('\n') + 1));
    const bytes = Buffer.from(whole);
    for (let cut = lastLineAt; cut < bytes.length; cut += 1) {
      for (const rest of [Buffer.alloc(0), Buffer.alloc(bytes.length - cut)]) {
        const read = readJournal(Buffer.concat([bytes.subarray(0, cut), rest]).toString('utf8'), 'journal.jsonl');
        expect(read.lines.length).toBe(lines.length - 1);
        expect(read.wholeBytes).toBe(lastLineAt);
      }
    }
  });
});

test('a line for which the disk has no room is an error, and leaves nothing behind that the next one trips over', async () => {
  const where = await folder();
  const path = join(where, 'journal.jsonl');
  // A limit on the size of files is the full disk that needs no rights: 2 blocks of 1024 bytes.
  const script = new URL('full-disk-child.mjs', import.meta.url).pathname;
  const tsx = new URL('../../../node_modules/tsx/dist/esm/index.mjs', import.meta.url).pathname;
  const child = spawnSync(
    'bash',
    ['-c', 'ulimit -f 2; exec "$0" --import "$1" "$2" "$3"', process.execPath, tsx, script, path],
    {
      encoding: 'utf8',
      // The loader's own cache of compiled files must not meet the limit.
      env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    },
  );

  expect(child.stderr).toBe('');
  const { written, refused, afterwards } = JSON.parse(child.stdout) as Record<string, unknown>;
  expect(refused).toBe('STATE_UNWRITABLE');
  expect(afterwards).toBe('written');
  const { lines } = readJournal(await readFile(path, 'utf8'), path);
  expect(lines.map(({ type }) => type).slice(-2)).toEqual(['step-started', 'direction']);
  expect(lines).toHaveLength(Number(written) + 1);
});
