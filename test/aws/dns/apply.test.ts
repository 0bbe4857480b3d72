import { afterEach, describe, expect, it } from 'vitest';
import { applyRecordChanges } from '../../../src/aws/dns/apply.ts';
import { isInSync, waitInSync } from '../../../src/aws/dns/in-sync.ts';
import { planRecordChanges } from '../../../src/aws/dns/plan.ts';
import { parseRecordBatches } from '../../../src/aws/dns/record-batch.ts';
import type { RawRecordSet, RecordSet } from '../../../src/aws/dns/record-set.ts';
import { readRecordSets, recordsPointingAt } from '../../../src/aws/dns/records.ts';
import { restoreRecords } from '../../../src/aws/dns/restore.ts';
import { alias, cname, NEW, OLD, record, zone } from '../support/records.ts';
import { accepted, changesOf, listed } from '../support/route53-script.ts';
import { DROP, Fault, startScriptedAws, type Params, type Reply, type ScriptedAws } from '../support/scripted-aws.ts';
import { signal, SteppingClock } from '../support/signal.ts';

let aws: ScriptedAws | undefined;
afterEach(async () => {
  await aws?.close();
  aws = undefined;
});

const shop = cname('shop.example.com', OLD);
const moves = (records: readonly RecordSet[], stages: readonly number[] = []) =>
  planRecordChanges({ zone, records, from: [OLD], to: { dnsName: NEW }, stages }).batches;
const [batch] = moves([shop]);
const edited = { ...shop.raw, ResourceRecords: [{ Value: 'foreign.example.net' }] };
const clock = new SteppingClock();

/** A zone whose records change as the script says; `change` returns what the answer is and may replace the records. */
async function route53(
  initial: readonly RawRecordSet[],
  change: (set: (records: readonly RawRecordSet[]) => void, tries: number, params: Params) => Reply,
): Promise<ReturnType<ScriptedAws['clients']>> {
  let records = initial;
  let tries = 0;
  aws = await startScriptedAws({
    ListResourceRecordSets: () => listed(records),
    ChangeResourceRecordSets: (params) => {
      tries += 1;
      return change((next) => (records = next), tries, params);
    },
  });
  return aws.clients({ maxAttempts: 5 });
}

const sends = (): number => aws!.calls.filter((call) => call === 'ChangeResourceRecordSets').length;

describe('applyRecordChanges', () => {
  it('sends one batch, the exact DELETE first', async () => {
    let sent: readonly string[] = [];
    const clients = await route53([shop.raw], (_, __, params) => {
      sent = changesOf(params);
      return accepted;
    });

    const applied = await applyRecordChanges({ clients, batch: batch!, clock }, signal);

    expect(applied).toEqual({ zoneId: zone.id, changeId: 'C1', alreadyApplied: false });
    expect(sent).toEqual(['DELETE CNAME shop.example.com.', 'CREATE CNAME shop.example.com.']);
  });

  it('does nothing when the records are as wanted already: it may run again after a crash', async () => {
    const clients = await route53(batch!.after, () => accepted);

    expect(await applyRecordChanges({ clients, batch: batch!, clock }, signal)).toMatchObject({ alreadyApplied: true });
    expect(sends()).toBe(0);
  });

  it('never overwrites an edit somebody made since the plan', async () => {
    const clients = await route53([edited], () => accepted);

    await expect(applyRecordChanges({ clients, batch: batch!, clock }, signal)).rejects.toMatchObject({
      code: 'DNS_CONFLICT',
      details: { seen: [edited] },
    });
    expect(sends()).toBe(0);
  });

  it('takes a refusal of the exact DELETE for the foreign edit it shows', async () => {
    const clients = await route53([shop.raw], (set) => {
      set([edited]);
      return new Fault(
        'InvalidChangeBatch',
        "Tried to delete resource record set [name='shop.example.com.', type='CNAME'] but the values provided do not match the current values",
      );
    });

    await expect(applyRecordChanges({ clients, batch: batch!, clock }, signal)).rejects.toMatchObject({
      code: 'DNS_CONFLICT',
    });
  });

  it.each([
    ['InvalidChangeBatch', '[it was not found, it is not permitted in zone z.]'],
    ['InvalidChangeBatch (bare)', 'it was not found; it is not permitted in zone z.'],
  ])('passes on what Route 53 itself says when it refuses: %s', async (code, text) => {
    const clients = await route53([shop.raw], () => new Fault(code, text));

    await expect(applyRecordChanges({ clients, batch: batch!, clock }, signal)).rejects.toMatchObject({
      code: 'DNS_REFUSED',
      message: expect.stringMatching(/it was not found.*it is not permitted in zone z\./) as string,
    });
  });

  it('looks before it sends again when the answer was lost, and finds it done', async () => {
    const clients = await route53([shop.raw], (set) => {
      set(batch!.after);
      return DROP;
    });

    const applied = await applyRecordChanges({ clients, batch: batch!, clock }, signal);

    expect(applied.alreadyApplied).toBe(true);
    expect(sends()).toBe(1);
  });

  it('sends again when the answer was lost and nothing was done', async () => {
    const clients = await route53([shop.raw], (_, tries) =>
      tries === 1 ? new Fault('ServiceUnavailable', 'x', 503) : accepted,
    );

    expect(await applyRecordChanges({ clients, batch: batch!, clock }, signal)).toMatchObject({ changeId: 'C1' });
    expect(sends()).toBe(2);
  });

  it('gives up after some tries without an answer, nothing changed', async () => {
    const clients = await route53([shop.raw], () => new Fault('InternalError', 'x', 500));

    await expect(applyRecordChanges({ clients, batch: batch!, clock }, signal)).rejects.toMatchObject({
      code: 'AWS_UNREACHABLE',
    });
  });

  it('waits out PriorRequestNotComplete, which says that nothing was done', async () => {
    const clients = await route53([shop.raw], (_, tries) =>
      tries === 1
        ? new Fault(
            'PriorRequestNotComplete',
            'The request was rejected because Route 53 was still processing a prior request.',
          )
        : accepted,
    );

    expect(await applyRecordChanges({ clients, batch: batch!, clock }, signal)).toMatchObject({
      alreadyApplied: false,
    });
  });

  it('does not care what others keep at another type of the same name', async () => {
    const text = record({ Name: 'example.com.', Type: 'TXT', TTL: 60, ResourceRecords: [{ Value: '"v=spf1"' }] });
    const apex = alias('example.com', OLD);
    const clients = await route53([apex.raw, text.raw], () => accepted);

    expect(await applyRecordChanges({ clients, batch: moves([apex])[0]!, clock }, signal)).toMatchObject({
      changeId: 'C1',
    });
  });

  it('stops between look and change when asked to', async () => {
    const controller = new AbortController();
    const clients = await route53([shop.raw], () => {
      controller.abort();
      return DROP;
    });

    await expect(applyRecordChanges({ clients, batch: batch!, clock }, controller.signal)).rejects.toMatchObject({
      code: 'STOPPED',
    });
    expect(sends()).toBe(1);
  });

  it('refuses more changes than Route 53 takes at once', async () => {
    const many = Array.from({ length: 501 }, (_, at) => cname(`n${at}.example.com`, OLD));
    const clients = await route53([], () => accepted);

    await expect(applyRecordChanges({ clients, batch: moves(many)[0]!, clock }, signal)).rejects.toMatchObject({
      code: 'DNS_REFUSED',
    });
  });
});

describe('restoreRecords', () => {
  const stages = moves([shop], [10, 50]);

  it.each([0, 1, 2])(
    'goes back from stage %i straight to the first state, by the saved batches alone',
    async (stage) => {
      let sent: readonly string[] = [];
      const clients = await route53(stages[stage]!.after, (_, __, params) => {
        sent = changesOf(params);
        return accepted;
      });
      const saved: unknown = JSON.parse(JSON.stringify(stages));

      const [restored] = await restoreRecords({ clients, batches: parseRecordBatches(saved), clock }, signal);

      expect(restored).toMatchObject({ changeId: 'C1' });
      expect(sent.at(-1)).toBe('CREATE CNAME shop.example.com.');
    },
  );

  it('does nothing when nothing had been changed', async () => {
    const clients = await route53([shop.raw], () => accepted);

    expect(await restoreRecords({ clients, batches: stages, clock }, signal)).toMatchObject([{ alreadyApplied: true }]);
  });

  it('leaves a foreign edit alone', async () => {
    const clients = await route53([edited], () => accepted);

    await expect(restoreRecords({ clients, batches: stages, clock }, signal)).rejects.toMatchObject({
      code: 'DNS_CONFLICT',
    });
    expect(sends()).toBe(0);
  });

  it('undoes batches that touched different records of a zone', async () => {
    const apex = alias('example.com', OLD);
    const low = { zoneId: zone.id, zoneName: zone.name, before: [shop.raw], after: [{ ...shop.raw, TTL: 60 }] };
    const lowered = record(low.after[0]!);
    const [switched] = moves([lowered, apex]);
    let sent: readonly string[] = [];
    const clients = await route53(switched!.after, (_, __, params) => {
      sent = changesOf(params);
      return accepted;
    });

    await restoreRecords({ clients, batches: [low, switched!], clock }, signal);

    expect(sent.filter((change) => change.startsWith('CREATE')).toSorted()).toEqual([
      'CREATE A example.com.',
      'CREATE CNAME shop.example.com.',
    ]);
  });
});

describe('reading records', () => {
  it('goes on from page to page with Route 53’s three-part position', async () => {
    const positions: Params[] = [];
    aws = await startScriptedAws({
      ListResourceRecordSets: (params) => {
        positions.push(params);
        return positions.length === 1
          ? listed([shop.raw], {
              IsTruncated: true,
              NextRecordName: 'x.example.com.',
              NextRecordType: 'A',
              NextRecordIdentifier: 'one',
            })
          : listed([alias('x.example.com', OLD, { SetIdentifier: 'one', Weight: 1 }).raw]);
      },
    });

    const records = await readRecordSets({ clients: aws.clients(), zoneId: zone.id }, signal);

    expect(records).toHaveLength(2);
    expect(positions[1]).toMatchObject({ name: 'x.example.com.', type: 'A', identifier: 'one' });
  });

  it('of one name stops where the next name begins: a start name is a position, not a filter', async () => {
    aws = await startScriptedAws({
      ListResourceRecordSets: () =>
        listed([shop.raw, cname('zzz.example.com', OLD).raw], {
          IsTruncated: true,
          NextRecordName: 'zzzz.example.com.',
        }),
    });

    const records = await readRecordSets(
      { clients: aws.clients(), zoneId: zone.id, name: 'SHOP.example.com.' },
      signal,
    );

    expect(records.map(({ name }) => name)).toEqual(['shop.example.com']);
    expect(aws.calls).toHaveLength(1);
  });

  it('finds what points at a balancer in every zone, private ones too', async () => {
    aws = await startScriptedAws({
      ListHostedZones: () => ({
        HostedZones: {
          HostedZone: [
            {
              Id: '/hostedzone/Z1',
              Name: 'example.com.',
              CallerReference: 'x',
              Config: { PrivateZone: false },
              ResourceRecordSetCount: 3,
            },
            {
              Id: '/hostedzone/Z2',
              Name: 'corp.',
              CallerReference: 'y',
              Config: { PrivateZone: true },
              ResourceRecordSetCount: 3,
            },
          ],
        },
        IsTruncated: false,
        MaxItems: 100,
        Marker: '',
      }),
      ListResourceRecordSets: ({ path }) =>
        listed([String(path).includes('Z1') ? shop.raw : alias('api.corp', OLD).raw]),
    });

    const found = await recordsPointingAt({ clients: aws.clients(), targets: [OLD] }, signal);

    expect(found.map(({ zone: { id, isPrivate }, record: { name } }) => [id, isPrivate, name])).toEqual([
      ['Z1', false, 'shop.example.com'],
      ['Z2', true, 'api.corp'],
    ]);
  });
});

describe('waitInSync', () => {
  it('waits from PENDING to INSYNC', async () => {
    let asked = 0;
    aws = await startScriptedAws({
      GetChange: () => ({
        ChangeInfo: { Id: '/change/C1', Status: ++asked < 3 ? 'PENDING' : 'INSYNC', SubmittedAt: new Date(0) },
      }),
    });
    const clients = aws.clients();

    expect(await isInSync({ clients, changeId: 'C1' }, signal)).toBe(false);
    await waitInSync({ clients, changeId: 'C1', clock }, signal);

    expect(asked).toBe(3);
  });

  it('names a change Route 53 does not know', async () => {
    aws = await startScriptedAws({ GetChange: () => new Fault('NoSuchChange', 'none', 404) });

    await expect(isInSync({ clients: aws.clients(), changeId: 'C9' }, signal)).rejects.toMatchObject({
      code: 'AWS_REFUSED',
      details: { awsCode: 'NoSuchChange' },
    });
  });
});
