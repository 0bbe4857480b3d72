import { queryService } from '../wire/query.ts';

export const stsService = queryService({
  id: 'sts',
  isGlobal: true,
  versions: {
    '2011-06-15': {
      namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
      operations: {
        GetCallerIdentity: (_, { world, callerArn }) => ({
          Arn: callerArn,
          UserId: 'AIDASANDBOX0000000001',
          Account: world.settings.accountId,
        }),
      },
    },
  },
});
