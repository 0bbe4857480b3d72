import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JournalEntry, JournalLine } from '../../../src/orchestrator/engines/local/journal-entry.ts';
import { formatJournal, JOURNAL_VERSION, readJournal } from '../../../src/orchestrator/engines/local/journal-format.ts';
import { replay } from '../../../src/orchestrator/engines/local/replay.ts';

const created: JournalEntry = {
  type: 'execution-created',
  version: JOURNAL_VERSION,
  execution: 'x',
  rack: 'r',
  app: 'a',
  settings: {},
};

const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
  fc.record({ type: fc.constant('step-started' as const), step: fc.string() }),
  fc.record({ type: fc.constant('step-finished' as const), step: fc.string(), result: fc.jsonValue() }),
  fc.record({
    type: fc.constant('gate-opened' as const),
    gate: fc.string(),
    title: fc.string(),
    shows: fc.array(fc.string()),
  }),
  fc.record({
    type: fc.constant('gate-answered' as const),
    gate: fc.string(),
    answer: fc.record({ approved: fc.boolean(), by: fc.string() }),
  }),
  fc.record({ type: fc.constant('sleep-until' as const), step: fc.string(), until: fc.nat() }),
  fc.record({ type: fc.constant('direction' as const), direction: fc.constant('abort' as const), reason: fc.string() }),
);

function numbered(entries: readonly JournalEntry[]): readonly JournalLine[] {
  return [created, ...entries].map((line, index) => ({ ...line, seq: index + 1, at: index }));
}

describe('a journal', () => {
  test('reads back what was written, whatever the results hold', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const lines = numbered(entries);

        const read = readJournal(formatJournal(lines), 'journal');

        expect(read.lines).toEqual(JSON.parse(JSON.stringify(lines)));
      }),
    );
  });

  test('cut off anywhere gives the state of its whole lines', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.nat(), (entries, cut) => {
        const lines = numbered(entries);
        const text = Buffer.from(formatJournal(lines));
        const at = cut % (text.length + 1);

        const { lines: read, wholeBytes } = readJournal(text.subarray(0, at).toString('utf8'), 'journal');

        expect(wholeBytes).toBeLessThanOrEqual(at);
        expect(read).toEqual(JSON.parse(JSON.stringify(lines.slice(0, read.length))));
        const state = replay(read);
        if (read.length > 0) expect(state?.id).toBe('x');
        const finished = read.filter((line) => line.type === 'step-finished').map((line) => line.step);
        expect(new Set(state?.results.keys())).toEqual(new Set(finished));
      }),
    );
  });
});
