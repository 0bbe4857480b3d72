import { balancerKey } from '../rack-facts.ts';
import { dnsName } from './names.ts';

export interface WantedRecord {
  readonly name: string;
  /** True: the name is its zone's own, where a CNAME cannot stand. */
  readonly isApex: boolean;
  readonly balancerDnsName: string;
  /** Default 60. */
  readonly ttlSeconds?: number;
}

/**
 * The records to set where DNS is not in Route 53, one line each in zone-file form (RFC 1035 section 5). An apex gets an
 * `ALIAS` line: most providers have such a record under this or another name; addresses would not do, they change.
 */
export function renderZoneFile(records: readonly WantedRecord[]): string {
  return records
    .map(({ name, isApex, balancerDnsName, ttlSeconds = 60 }) => {
      const type = isApex ? 'ALIAS' : 'CNAME';
      const note = isApex ? ' ; ALIAS, ANAME or flattened CNAME, as your provider calls it' : '';
      return `${dnsName(name)}. ${ttlSeconds} IN ${type} ${balancerKey(balancerDnsName)}.${note}\n`;
    })
    .join('');
}
