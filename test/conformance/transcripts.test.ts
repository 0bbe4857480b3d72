import { afterAll, describe, expect, test } from 'vitest';
import { RackClient } from '../../src/convox-api/rack-client.ts';
import { MigrationError } from '../../src/errors.ts';
import { scaledClock } from '../../src/time/clock.ts';
import { system, type CaseTable, type ConformanceCase, type ExpectedError } from './case.ts';
import { appCases } from './cases-apps.ts';
import { buildCases } from './cases-builds.ts';
import { releaseCases } from './cases-releases.ts';
import { serviceCases } from './cases-services.ts';
import { systemCases } from './cases-system.ts';
import { replay } from './replay-server.ts';
import { readTranscripts, type Transcript } from './transcript.ts';

const transcripts = readTranscripts();
const cases: CaseTable = { ...appCases, ...buildCases, ...releaseCases, ...serviceCases, ...systemCases };
const covered = new Set<string>();

const VERSIONS = { classic: '20171213132441', standard: '20260421192651' } as const;
/** Pauses between attempts pass at once. */
const clock = scaledClock({ scale: 1000, startMs: Date.now(), realStartMs: Date.now() });

function caseFor({ id, name, era }: Transcript): ConformanceCase | undefined {
  const found = cases[id] ?? cases[name];
  return typeof found === 'function' ? found(era) : found;
}

async function outcomeOf(
  run: () => Promise<unknown>,
): Promise<{ readonly result: unknown } | { readonly error: unknown }> {
  try {
    return { result: await run() };
  } catch (error) {
    return { error };
  }
}

function expectError(error: unknown, expected: ExpectedError): void {
  expect(error).toBeInstanceOf(MigrationError);
  expect(error).toMatchObject({ code: expected.code });
  expect((error as MigrationError).message).toContain(expected.says ?? ''); // just checked to be one
  expect(JSON.stringify([error, (error as MigrationError).message])).not.toMatch(/secret|Y29udm94/);
}

function expectResult(result: unknown, expected: unknown): void {
  if (typeof expected === 'object' && expected !== null && !(expected instanceof Map))
    expect(result).toMatchObject(expected);
  else expect(result).toEqual(expected);
}

describe('the client against recorded racks', () => {
  afterAll(() => {
    console.log(`${covered.size} of ${transcripts.size} transcripts covered`);
  });

  test('has a case for every transcript, and none for a transcript that is not there', () => {
    const without = [...transcripts.values()].filter((transcript) => caseFor(transcript) === undefined);
    const known = new Set([...transcripts.values()].flatMap(({ id, name }) => [id, name]));
    const unused = Object.keys(cases).filter((name) => !known.has(name));

    expect(without.map(({ id }) => id)).toEqual([]);
    expect(unused).toEqual([]);
  });

  test.each([...transcripts.values()].map((transcript) => [transcript.id, transcript] as const))(
    '%s',
    async (_id, transcript) => {
      const found = caseFor(transcript);
      if (found === undefined) throw new Error('no case');
      const isSystem =
        transcript.request.method === 'GET' && transcript.request.path === '/system' && found.kind === 'operation';
      const around = { ...(isSystem ? {} : { 'GET /system': [system(VERSIONS[transcript.era])] }), ...found.around };
      const server = await replay(transcript, around);
      const rack = new RackClient({ url: server.url, password: 'secret', clock, timeoutMs: 10_000, ...found.options });
      const controller = new AbortController();
      try {
        const stop = (): void => controller.abort(new Error('stopped by the test'));
        const context = { rack, era: transcript.era, signal: controller.signal, stop, hit: server.hit };
        const outcome = await outcomeOf(() => found.run(context));

        if (found.error !== undefined) expectError('error' in outcome ? outcome.error : undefined, found.error);
        else expect(outcome).not.toHaveProperty('error');
        if ('result' in found && 'result' in outcome) expectResult(outcome.result, found.result);
        const isSent = found.kind === 'operation' || found.isSent === true;
        if (isSent) expect(server.problems).toEqual([]);
        expect(server.equal() > 0).toBe(isSent);
        covered.add(transcript.id);
      } finally {
        controller.abort();
        rack.close();
        await server.close();
      }
    },
  );
});
