import { MigrationError } from '../../errors.ts';
import { canonicalZoneOf } from '../canonical-zones.ts';
import { balancerKey } from '../rack-facts.ts';
import { moveRecord, noticesOf, weightedPair, type NewTarget } from './move-record.ts';
import { dnsName } from './names.ts';
import { isSameState, type RecordBatch } from './record-batch.ts';
import { refusalOfName, refusalOfRecord, type RecordRefusal } from './record-refusal.ts';
import type { RawRecordSet, RecordSet } from './record-set.ts';
import { pointingIn, targetsOf } from './records.ts';
import type { HostedZone } from './zones.ts';

export interface PlanRecordChangesOptions {
  readonly zone: HostedZone;
  /** The zone's sets as just read; at least all those of the names concerned. */
  readonly records: readonly RecordSet[];
  /** The names to move; default: every name whose set points at `from`. */
  readonly names?: readonly string[];
  /** DNS names of the balancers the records point at now; sets pointing elsewhere stay. */
  readonly from: readonly string[];
  readonly to: NewTarget;
  /** What a CNAME becomes; default `cname`: with its type it keeps whatever depends on it. */
  readonly cnameBecomes?: 'cname' | 'alias';
  /**
   * Shares of answers the new balancer gets on the way, in percent, e.g. `[10, 50]`; 100 follows by itself, and may be
   * given as the last. Default: none, all at once. Only simple sets can be shared out; others move with the last stage.
   */
  readonly stages?: readonly number[];
}

export interface RecordPlan {
  /** One atomic change a stage, each beginning where the one before ended; empty when there is nothing to change. */
  readonly batches: readonly RecordBatch[];
  /** The same batches, one entry a stage: undefined where a stage changes nothing in this zone. */
  readonly stages: readonly (RecordBatch | undefined)[];
  readonly refused: readonly RecordRefusal[];
  /** What a person should know before agreeing, one sentence each. */
  readonly notices: readonly string[];
}

/**
 * Plans how the records of one zone move to another balancer. Pure: every set keeps its type, routing, TTL and health
 * check, and those that cannot be moved so are refused with a reason, never changed.
 *
 * @throws {MigrationError} `USAGE` for stages that are not rising percentages.
 */
export function planRecordChanges(options: PlanRecordChangesOptions): RecordPlan {
  const { zone, to, cnameBecomes = 'cname' } = options;
  const stages = sharesOnTheWay(options.stages ?? []);
  const records = recordsConcerned(options);
  const newZoneId = to.canonicalHostedZoneId ?? canonicalZoneOf(to.dnsName);
  const refused: RecordRefusal[] = [...namesRefused(options, records)];
  const movable = records.filter((record) => {
    const refusal = refusalOfRecord(record, newZoneId);
    if (refusal !== undefined) refused.push(refusal);
    return refusal === undefined;
  });
  const target = { dnsName: to.dnsName, ...(newZoneId === undefined ? {} : { canonicalHostedZoneId: newZoneId }) };

  const states: (readonly RawRecordSet[])[] = [
    movable.map(({ raw }) => raw),
    ...stages.map((percent) => movable.flatMap((record) => weightedPair(record, target, percent))),
    movable.map((record) => moveRecord(record, target, newZoneId === undefined ? 'cname' : cnameBecomes)),
  ];
  const changes = changesBetween(zone, states);
  return {
    batches: changes.filter((batch) => batch !== undefined),
    stages: changes,
    refused,
    notices: movable.flatMap((record) => noticesOf(record, stages.length > 0)),
  };
}

/** The shares before the whole. @throws {MigrationError} `USAGE`. */
export function sharesOnTheWay(stages: readonly number[]): readonly number[] {
  const shares = stages.at(-1) === 100 ? stages.slice(0, -1) : stages;
  const isRising = shares.every((percent, at) => percent > (shares[at - 1] ?? 0) && percent < 100);
  if (isRising && shares.every(Number.isInteger)) return shares;
  throw new MigrationError('USAGE', `not stages of a cutover: ${stages.join(', ')}`, {
    hint: 'Give rising whole percentages between 1 and 100, e.g. 10, 50; 100 follows by itself.',
  });
}

/** The sets that themselves name one of the old balancers; what leads to them follows by itself. */
function recordsConcerned({ records, from, names }: PlanRecordChangesOptions): readonly RecordSet[] {
  const old = new Set(from.map(balancerKey));
  const direct = records.filter((record) => targetsOf(record).some((target) => old.has(target)));
  if (names === undefined) return direct;
  const wanted = new Set(names.map(dnsName));
  return direct.filter(({ name }) => wanted.has(name));
}

function namesRefused(options: PlanRecordChangesOptions, concerned: readonly RecordSet[]): readonly RecordRefusal[] {
  const { zone, records, names = [], from, to } = options;
  const leading = new Set(pointingIn(zone, records, [...from, to.dnsName]).map(({ record }) => record.name));
  return names
    .map(dnsName)
    .filter((name) => !leading.has(name) && !concerned.some((record) => record.name === name))
    .map((name) =>
      refusalOfName(
        name,
        records.filter((record) => record.name === name),
      ),
    );
}

function changesBetween(
  zone: HostedZone,
  states: readonly (readonly RawRecordSet[])[],
): readonly (RecordBatch | undefined)[] {
  return states.slice(1).map((after, at) => {
    const before = states[at] ?? [];
    return isSameState(before, after) ? undefined : { zoneId: zone.id, zoneName: zone.name, before, after };
  });
}
