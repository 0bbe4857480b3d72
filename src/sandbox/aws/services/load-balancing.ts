import { queryService } from '../wire/query.ts';
import { classicOperations } from './elb-classic.ts';
import { elbv2Operations } from './elbv2.ts';

/** Both generations of load balancing: one endpoint and one prefix of permissions, told apart by the API version. */
export const loadBalancingService = queryService({
  id: 'elasticloadbalancing',
  versions: {
    '2015-12-01': {
      namespace: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
      operations: elbv2Operations,
    },
    '2012-06-01': {
      namespace: 'http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/',
      operations: classicOperations,
    },
  },
});
