import type { RawRecordSet } from '../../../src/aws/dns/record-set.ts';
import type { Params, Reply } from './scripted-aws.ts';

/** An answer of ListResourceRecordSets holding these sets. */
export function listed(records: readonly RawRecordSet[], more: Readonly<Record<string, unknown>> = {}): Reply {
  return {
    ResourceRecordSets: {
      ResourceRecordSet: records.map(({ ResourceRecords, ...rest }) => ({
        ...rest,
        ResourceRecords: ResourceRecords === undefined ? undefined : { ResourceRecord: ResourceRecords },
      })),
    },
    IsTruncated: false,
    MaxItems: 300,
    ...more,
  };
}

/** Changes of a request, each as `ACTION TYPE name`. */
export function changesOf(params: Params): readonly string[] {
  const body = JSON.stringify(params);
  const changes = [...body.matchAll(/"Action":"(\w+)","ResourceRecordSet":\{"Name":"([^"]+)","Type":"(\w+)"/g)];
  return changes.map(([, action = '', name = '', type = '']) => `${action} ${type} ${name}`);
}

export const accepted: Reply = { ChangeInfo: { Id: '/change/C1', Status: 'PENDING', SubmittedAt: new Date(0) } };
