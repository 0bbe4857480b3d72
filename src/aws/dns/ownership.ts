import { dnsName } from './names.ts';
import type { RecordSet } from './record-set.ts';

/** A sign that a program keeps a record as it wants it, and may put it back after we change it. */
export interface OwnershipMark {
  readonly name: string;
  /** E.g. `external-dns`. */
  readonly owner: string;
  /** Where the sign stands. */
  readonly markName: string;
  readonly says: string;
}

/** `heritage=<program>` in a TXT record is how external-dns and programs like it note what is theirs (external-dns docs, TXT registry). */
const HERITAGE = /heritage=([\w.-]+)/;

/**
 * Finds the marks of other programs on names about to be changed. `records` must hold the zone's TXT records: the marks
 * stand beside the name, with a prefix or suffix of the owner's choice (`cname-shop.example.com`, `_externaldns.shop…`).
 */
export function findOwnershipMarks(records: readonly RecordSet[], names: readonly string[]): readonly OwnershipMark[] {
  const marks = records.flatMap((record) => {
    const owner = record.type === 'TXT' ? HERITAGE.exec((record.values ?? []).join(' '))?.[1] : undefined;
    return owner === undefined ? [] : [{ markName: record.name, owner }];
  });
  const byText = names.map(dnsName).flatMap((name) =>
    marks
      .filter(({ markName }) => isMarkOf(markName, name))
      .map(({ markName, owner }) => ({
        name,
        owner,
        markName,
        says: `${name} is kept by ${owner} (TXT record ${markName}): tell it about the change, or it will be undone`,
      })),
  );
  return byText;
}

function isMarkOf(markName: string, name: string): boolean {
  if (markName === name || markName.endsWith(`.${name}`)) return true;
  const [first = '', ...rest] = name.split('.');
  const [markFirst = '', ...markRest] = markName.split('.');
  // A wildcard's mark is written with a word for the star.
  const plain = first === '*' ? 'wildcard' : first;
  const isAffixed = markFirst.endsWith(`-${plain}`) || markFirst.startsWith(`${plain}-`);
  return isAffixed && markRest.join('.') === rest.join('.');
}
