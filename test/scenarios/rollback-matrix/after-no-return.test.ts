import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resumeMigration } from '../../../src/orchestrator/migrate.ts';
import { startTraffic } from '../../../src/sandbox/network/traffic/start-traffic.ts';
import { abort, failedStep, killAt, runInto, startLane, type Lane } from './cells.ts';
import { CAUSES, Outcomes, type Cause } from './outcomes.ts';
import { ROWS_WITHOUT_RETURN, type Row } from './rows.ts';

const LIMIT_MS = 10 * 60_000;
const GEN2 = 'generation 2';
const signal = new AbortController().signal;
/** `GEN2_MATRIX_CELLS=killed` runs the migrations of some causes alone. */
const CHOSEN = new RegExp(process.env['GEN2_MATRIX_CELLS'] ?? '');
const causes = CAUSES.filter((cause) => CHOSEN.test(cause));

const outcomes = new Outcomes();

/** One migration in which every step from the point of no return on fails once, for the same cause, and is resumed. */
async function runColumn(cause: Cause): Promise<void> {
  const lane = await startLane({});
  const ended = new Map<string, string>();
  // Where the new app is made to fail its users, requests fail; nowhere else may one.
  const traffic = cause === 'refuses' ? undefined : startShopTraffic(lane);
  try {
    for (const [index, row] of ROWS_WITHOUT_RETURN.entries()) {
      ended.set(row.step, await strike(lane, { row, cause, from: index === 0 ? 'start' : 'resume' }));
      await expect(abort(lane)).rejects.toMatchObject({ code: 'POINT_OF_NO_RETURN' });
    }
    const { outcome } = await resumeMigration({ ...lane.request, filter: { app: 'shop' } }, signal);
    const failed = traffic?.snapshot().byCause ?? {};
    const problems = [...(await problemsOf(lane)), ...Object.keys(failed).map((why) => `requests failed: ${why}`)];
    if (outcome !== 'succeeded') problems.push(`ended ${outcome ?? 'not at all'}`);
    const end = problems.length === 0 ? GEN2 : problems.join('; ');
    for (const [row, how] of ended) outcomes.add({ row, cause }, { how, end });
  } catch (error) {
    const end = error instanceof Error ? (error.stack ?? error.message) : String(error);
    for (const { step: row } of ROWS_WITHOUT_RETURN) {
      outcomes.add(
        { row, cause },
        { how: ended.get(row) ?? 'not as it must', end: ended.has(row) ? 'see below' : end },
      );
    }
  } finally {
    await traffic?.stop();
    await lane.close();
  }
}

interface Strike {
  readonly row: Row;
  readonly cause: Cause;
  readonly from: 'start' | 'resume';
}

/** Gives how the step failed; throws if it failed otherwise than it must. */
async function strike(lane: Lane, { row, cause, from }: Strike): Promise<string> {
  const { step } = row;
  if (cause === 'killed') {
    await killAt(lane, { step, request: row.killedAt, from });
    return `at ${row.killedAt ?? 'its sleep'}`;
  }
  const trouble = row[cause];
  if ('why' in trouble) throw new Error(`${step}: every step after the point of no return can fail in every way`);
  const error = await runInto(lane, { step, trouble, from });
  const failed = await failedStep(lane);
  if (failed === step && [trouble.code].flat().includes(error.code)) return error.code;
  throw new Error(`${trouble.says}: ${failed ?? 'nothing'} failed with [${error.code}] ${error.message}`);
}

function startShopTraffic({ sandbox }: Lane) {
  return startTraffic({
    endpoints: sandbox.endpoints,
    clock: sandbox.world.clock,
    ratePerSecond: 5,
    targets: [
      { host: 'shop.example.com', scheme: 'https', path: '/', view: 'public', app: 'shop' },
      { host: 'api.corp.example.com', scheme: 'http', path: '/', view: 'vpc', app: 'shop' },
    ],
  });
}

/** What is not as a migration must leave it. */
async function problemsOf({ sandbox, connection }: Lane): Promise<string[]> {
  const { rack } = connection;
  const problems: string[] = [];
  const shop = await rack.apps.find('shop', signal);
  if (shop?.generation !== '2' || shop.status !== 'running') problems.push(`shop is ${JSON.stringify(shop)}`);
  if ((await rack.apps.find('shop-gen2', signal)) !== undefined) problems.push('the temporary app is still there');
  const { linkedApps } = await rack.resources.get('logs', signal);
  if (!linkedApps.includes('shop')) problems.push('the resource is not linked');
  const zone = [...sandbox.world.route53.zones.values()].find(({ name }) => name === 'example.com.');
  const ttl = zone?.recordSets.find(({ name }) => name === 'www.shop.example.com.')?.ttl;
  if (ttl !== 300) problems.push(`the TTL is ${ttl ?? 'gone'}`);
  return problems;
}

beforeAll(async () => {
  await Promise.all(causes.map(runColumn));
}, LIMIT_MS);

afterAll(() => outcomes.print('from the point of no return on'));

const cells = ROWS_WITHOUT_RETURN.flatMap(({ step }) => causes.map((cause) => [step, cause] as const));

describe('from the point of no return on, the app ends serving as generation 2, when', () => {
  test.each(cells)('%s: %s', (row, cause) => {
    expect(outcomes.of({ row, cause }).end).toBe(GEN2);
  });
});
