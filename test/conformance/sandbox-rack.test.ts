import { afterAll, describe, expect, test } from 'vitest';
import { CASES, NOT_OFFERED, type SandboxCase } from './sandbox-rack-cases.ts';
import { differences } from './sandbox-rack-compare.ts';
import { replayAt } from './sandbox-rack-replay.ts';
import { makeSituation, type Situation } from './sandbox-rack-situations.ts';
import { readTranscripts, type Era, type Transcript } from './transcript.ts';

const transcripts = [...readTranscripts().values()];
/** Situations that nothing changes are shared. */
const shared = new Map<string, Promise<Situation>>();

function caseOf({ id, name }: Transcript): SandboxCase | undefined {
  return CASES[id] ?? CASES[name];
}

function sharedSituation(era: Era, { situation }: SandboxCase): Promise<Situation> {
  const key = `${era} ${situation}`;
  const made = shared.get(key) ?? makeSituation(era, situation);
  shared.set(key, made);
  return made;
}

describe("the sandbox's rack against recorded racks", () => {
  afterAll(async () => {
    const made = await Promise.allSettled(shared.values());
    for (const each of made) if (each.status === 'fulfilled') await each.value.sandbox.close();
    const offered = transcripts.filter(({ id }) => NOT_OFFERED[id] === undefined);
    console.log(`${offered.length} of ${transcripts.length} recorded exchanges offered by the sandbox`);
  });

  test('offers all but a few recorded exchanges, each exception with its reason', () => {
    const without = transcripts.filter((each) => caseOf(each) === undefined && NOT_OFFERED[each.id] === undefined);

    expect(without.map(({ id }) => id)).toEqual([]);
    expect(Object.keys(NOT_OFFERED).length).toBeLessThanOrEqual(15);
  });

  for (const transcript of transcripts) {
    const wanted = caseOf(transcript);
    if (wanted === undefined) continue;

    test(`answers ${transcript.id} as recorded`, async () => {
      const situation =
        wanted.isWrite === true
          ? await makeSituation(transcript.era, wanted.situation)
          : await sharedSituation(transcript.era, wanted);
      const { sandbox, names } = situation;

      try {
        const more = await wanted.prepare?.(sandbox);
        const actual = await replayAt(sandbox, transcript, new Map([...names, ...(more ?? [])]));

        expect(differences(transcript, actual).join('\n')).toBe('');
      } finally {
        if (wanted.isWrite === true) await sandbox.close();
      }
    }, 30_000);
  }
});
