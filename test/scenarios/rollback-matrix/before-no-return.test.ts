import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isDeepStrictEqual } from 'node:util';
import { MigrationError } from '../../../src/errors.ts';
import { PROCEDURE } from '../../../src/orchestrator/migration.ts';
import { isGate } from '../../../src/orchestrator/step.ts';
import { worldSnapshot, type WorldSnapshot } from '../../support/world-snapshot.ts';
import { abort, failedStep, killAt, rejection, runInto, startLane, type Lane } from './cells.ts';
import { CAUSES, Outcomes, type Cause } from './outcomes.ts';
import { GATES, REFUSED_BEFORE_RETURN, ROWS_WITH_RETURN, ROWS_WITHOUT_RETURN, type Row } from './rows.ts';
import type { Trouble } from './troubles.ts';

/** Sandboxes at once. */
const LANES = 3;
const LIMIT_MS = 10 * 60_000;
const AS_BEFORE = 'as before';
/** `GEN2_MATRIX_CELLS=regexp` runs some cells alone: `create-temporary-app killed`. */
const CHOSEN = new RegExp(process.env['GEN2_MATRIX_CELLS'] ?? '');

interface Cell {
  readonly row: string;
  readonly cause: Cause;
  /** Gives how it failed; throws if it failed otherwise than it must. */
  readonly run: (lane: Lane) => Promise<string>;
}

const outcomes = new Outcomes();
const cells: readonly Cell[] = [
  ...ROWS_WITH_RETURN.flatMap((row) => CAUSES.flatMap((cause) => cellOf(row, cause) ?? [])),
  ...GATES.map((gate): Cell => ({
    row: gate,
    cause: 'refuses',
    run: (lane) => fail(lane, gate, rejection(lane, gate)),
  })),
  ...REFUSED_BEFORE_RETURN.map(({ step, refuses }): Cell => ({
    ...{ row: `${step}, before it begins`, cause: 'refuses' },
    run: (lane) => fail(lane, step, refuses),
  })),
].filter(({ row, cause }) => CHOSEN.test(`${row} ${cause}`));

function cellOf(row: Row, cause: Cause): Cell | undefined {
  const { step } = row;
  if (cause === 'killed') {
    const run = async (lane: Lane): Promise<string> => {
      await killAt(lane, { step, request: row.killedAt, from: 'start' });
      return `at ${row.killedAt ?? 'its sleep'}`;
    };
    return { row: step, cause, run };
  }
  const trouble = row[cause];
  if (!('why' in trouble)) return { row: step, cause, run: (lane) => fail(lane, step, trouble) };
  outcomes.add({ row: step, cause }, { how: '–', end: trouble.why });
  return undefined;
}

async function fail(lane: Lane, step: string, trouble: Trouble): Promise<string> {
  const error = await runInto(lane, { step, trouble, from: 'start' });
  const isBack = MigrationError.is(error, 'ROLLED_BACK', 'UNDO_FAILED');
  const first = isBack && MigrationError.is(error.cause) ? error.cause : error;
  const failed = await failedStep(lane);
  if (failed !== step || ![trouble.code].flat().includes(first.code))
    throw new Error(`${trouble.says}: ${failed ?? 'nothing'} failed with [${first.code}] ${first.message}`);
  return isBack ? `${first.code}, ${error.code}` : first.code;
}

async function runCell(lane: Lane, { run, row }: Cell): Promise<{ readonly how: string; readonly end: string }> {
  const how = await run(lane);
  await abort(lane);
  const isOfRack = row === 'update-rack';
  const [before, after] = [lane.before, worldSnapshot(lane.sandbox)].map((world) =>
    isOfRack ? withoutRack(world) : world,
  );
  if (!isDeepStrictEqual(after, before)) expect(after).toEqual(before); // says where they differ
  return { how, end: isOfRack ? `${AS_BEFORE}, but for the rack's version` : AS_BEFORE };
}

/** A rack cannot go back to an older version: an update that was begun stays, and brings what is the rack's own. */
function withoutRack({ zones, stacks, oldApp }: WorldSnapshot) {
  return { zones, stacks, oldApp };
}

async function runAll(queue: Cell[], start: () => Promise<Lane>): Promise<void> {
  let lane: Lane | undefined;
  for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
    lane ??= await start();
    try {
      outcomes.add(cell, await runCell(lane, cell));
    } catch (error) {
      const end = error instanceof Error ? (error.stack ?? error.message) : String(error);
      outcomes.add(cell, { how: 'not as it must', end });
    }
    // What a cell left behind must not spoil the next one; a rack is updated but once.
    if (outcomes.of(cell).end === AS_BEFORE) continue;
    await lane.close();
    lane = undefined;
  }
  await lane?.close();
}

beforeAll(async () => {
  const ofRack = cells.filter(({ row }) => row === 'update-rack');
  const queue = cells.filter(({ row }) => row !== 'update-rack');
  const lanes = Array.from({ length: LANES }, () => runAll(queue, () => startLane({})));
  await Promise.all([
    ...lanes,
    runAll(ofRack, () => startLane({ rackVersion: '20260302141532', updateRackTo: '20260421192651' })),
  ]);
}, LIMIT_MS);

afterAll(() => outcomes.print('until the point of no return'));

describe('before the point of no return, the world returns to exactly what it was, when', () => {
  test.each(cells.map(({ row, cause }) => [row, cause] as const))('%s: %s', (row, cause) => {
    expect(outcomes.of({ row, cause }).end).toMatch(new RegExp(`^${AS_BEFORE}`));
  });
});

test('the matrix has a row for every step and every gate that is always asked', () => {
  const rows = [...ROWS_WITH_RETURN, ...ROWS_WITHOUT_RETURN].map(({ step }) => step);

  expect([...rows, ...GATES].toSorted()).toEqual(
    PROCEDURE.filter((stage) => !isGate(stage) || stage.isNeeded === undefined)
      .map(({ id }) => id)
      .toSorted(),
  );
});
