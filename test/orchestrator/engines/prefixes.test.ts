import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GateAnswer } from '../../../src/orchestrator/engine.ts';
import type { JournalEntry, JournalLine } from '../../../src/orchestrator/engines/local/journal-entry.ts';
import { formatJournal, readJournal } from '../../../src/orchestrator/engines/local/journal-format.ts';
import { LocalEngine } from '../../../src/orchestrator/engines/local/local-engine.ts';
import { replay, type ReplayedState } from '../../../src/orchestrator/engines/local/replay.ts';
import { ManualClock } from '../../../src/time/clock.ts';
import { recordedJournals } from './recorded-journals.ts';

const signal = new AbortController().signal;
const journals = (await recordedJournals()).map(({ name, text }) => {
  const { lines } = readJournal(text, name);
  return { name, lines, formats: [text, formatJournal(lines)] as const };
});

describe.each(journals)('$name', ({ name, lines, formats }) => {
  test('every prefix by line replays to what its lines say, and no more', () => {
    let before: ReplayedState | undefined;
    for (const [index, line] of lines.entries()) {
      const state = replay(lines.slice(0, index + 1));
      expect(state).toBeDefined();
      if (state === undefined) return;
      expect(difference(before, state)).toEqual(saidBy(line));
      before = state;
    }
  });

  test('every prefix by byte, in either format, reads as its whole lines', () => {
    for (const text of formats) {
      const bytes = Buffer.from(text);
      const ends = [0];
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) ends.push(at + 1);
      fc.assert(
        fc.property(fc.nat({ max: bytes.length }), (cut) => {
          const read = readJournal(bytes.subarray(0, cut).toString('utf8'), name);
          const wholeLines = ends.filter((end) => end <= cut).length - 1;

          expect(read.lines.length).toBe(wholeLines);
          expect(read.wholeBytes).toBe(ends[wholeLines]);
        }),
        { numRuns: 500 },
      );
    }
  });

  test('resumed after any byte, the rest is done, what was recorded is not done again, and the end is the same', async () => {
    const whole = replay(lines);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...formats), fc.nat(), async (text, at) => {
        const bytes = Buffer.from(text);
        const firstLine = bytes.indexOf(10) + 1;
        const cut = firstLine + (at % (bytes.length + 1 - firstLine));
        const prefix = bytes.subarray(0, cut);
        const known = replay(readJournal(prefix.toString('utf8'), name).lines);

        const { state, ran } = await resumeFrom(prefix, lines);

        expect(ran.filter((id) => known?.results.has(id) === true)).toEqual([]);
        expect(ran.length).toBe(new Set(ran).size);
        expect(new Map(state?.results)).toEqual(new Map(whole?.results));
        expect(new Map(state?.answers)).toEqual(new Map(whole?.answers));
        expect([state?.direction, state?.outcome]).toEqual([whole?.direction, whole?.outcome]);
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});

/** What a line adds to a state, by the kind of thing. */
function saidBy(line: JournalLine): Readonly<Record<string, unknown>> {
  switch (line.type) {
    case 'step-started':
      return { started: line.step };
    case 'step-finished':
      return { finished: line.step };
    case 'sleep-until':
      return { wakes: line.step };
    case 'gate-answered':
      return { answered: line.gate };
    case 'gate-opened':
      return { open: line.gate };
    case 'direction':
      return { direction: line.direction };
    case 'execution-finished':
      return { outcome: line.outcome };
    case 'event':
      return { events: 1 };
    case 'execution-created':
    case 'run-started':
    case 'step-failed':
      return {};
  }
}

function difference(before: ReplayedState | undefined, after: ReplayedState): Readonly<Record<string, unknown>> {
  const added = (key: 'started' | 'results' | 'wakeTimes' | 'answers'): string | undefined =>
    [...after[key].keys()].find((id) => before?.[key].has(id) !== true);
  const isOpenNew = after.openGate !== undefined && before?.openGate?.gate !== after.openGate.gate;
  const found = {
    started: added('started'),
    finished: added('results'),
    wakes: added('wakeTimes'),
    answered: added('answers'),
    open: isOpenNew ? after.openGate.gate : undefined,
    direction: before !== undefined && before.direction !== after.direction ? after.direction : undefined,
    outcome: after.outcome !== undefined && after.outcome !== before?.outcome ? after.outcome : undefined,
    events: before !== undefined && after.events.length > before.events.length ? 1 : undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** Takes an execution up from the start of its journal, and does what the whole journal says was done. */
async function resumeFrom(
  prefix: Buffer,
  whole: readonly JournalLine[],
): Promise<{ readonly state: ReplayedState | undefined; readonly ran: readonly string[] }> {
  const state = await mkdtemp(join(tmpdir(), 'gen2-prefix-'));
  try {
    const [created] = whole;
    if (created?.type !== 'execution-created') throw new Error('not a journal');
    const { rack, app, execution: id } = created;
    const path = join(state, rack, app, id, 'journal.jsonl');
    await mkdir(join(state, rack, app, id), { recursive: true });
    await writeFile(path, prefix);
    const answers = replay(whole)?.answers ?? new Map<string, GateAnswer>();
    const clock = new ManualClock(whole.at(-1)?.at);
    const exists = (pid: number): boolean => pid === process.pid;
    const approver = (gate: string): Promise<GateAnswer | undefined> => Promise.resolve(answers.get(gate));
    const engine = new LocalEngine({ state, clock, process: { pid: process.pid, exists }, approver });
    const execution = await engine.resume({ rack, app }, signal);
    const ran: string[] = [];
    for (const act of actsOf(whole)) {
      if (act.type === 'sleep-until') await execution.sleep(act.step, 0);
      else if (act.type === 'gate-opened') await execution.gate(act.gate, { title: act.title, shows: act.shows });
      else if (act.type === 'direction' && act.direction !== 'forward') await execution.turn(act.direction, act.reason);
      else if (act.type === 'execution-finished') await execution.finish(act.outcome);
      else if (act.type === 'step-finished') {
        await execution.step(act.step, () => {
          ran.push(act.step);
          return Promise.resolve(act.result);
        });
      }
    }
    await execution.release();
    return { state: replay(readJournal(await readFile(path, 'utf8'), path).lines), ran };
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

/** The acts of an execution in order: a step is told by its result, a sleep by its beginning. */
function actsOf(lines: readonly JournalLine[]): readonly JournalEntry[] {
  const sleeps = new Set(lines.flatMap((line) => (line.type === 'sleep-until' ? [line.step] : [])));
  return lines.filter((line) => line.type !== 'step-finished' || !sleeps.has(line.step));
}
