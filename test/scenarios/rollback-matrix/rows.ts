/** Every step of the migration, and how it is made to fail in each of four ways. */
import {
  badApp,
  blockedFolder,
  brokenSource,
  certificateFails,
  FAILING,
  otherEnvironment,
  otherRecord,
  refusal,
  resourceFails,
  silence,
  standstill,
  switchedBack,
  undeletable,
  withRequest,
  UNHEALTHY,
  validationFails,
  type Trouble,
} from './troubles.ts';

/** A step cannot fail this way, and why. */
export interface NoCell {
  readonly why: string;
}

export interface Row {
  readonly step: string;
  readonly throws: Trouble | NoCell;
  readonly timesOut: Trouble | NoCell;
  /** A gate of the step says no: a verification, a bound, a comparison with what somebody else did. */
  readonly refuses: Trouble | NoCell;
  /** The request at which its process is killed (the answer is never heard); undefined: as soon as it has begun. */
  readonly killedAt: string | undefined;
}

const TEMPORARY = 'convox-shop-gen2';

/** Up to the point of no return. */
export const ROWS_WITH_RETURN: readonly Row[] = [
  {
    step: 'update-rack',
    throws: refusal('rack PUT /system', 'RACK_REFUSED'),
    timesOut: standstill(),
    refuses: resourceFails('convox', 'ApiWebTasks', 'RACK_UPDATE_FAILED'),
    killedAt: 'rack PUT /system',
  },
  {
    step: 'lower-ttl',
    throws: refusal('route53 ChangeResourceRecordSets', 'AWS_DENIED'),
    timesOut: silence('route53 ChangeResourceRecordSets', 'AWS_UNREACHABLE'),
    refuses: otherRecord('www.shop.example.com.'),
    killedAt: 'route53 ChangeResourceRecordSets',
  },
  {
    step: 'issue-certificates',
    throws: refusal('acm RequestCertificate', 'AWS_DENIED'),
    timesOut: standstill(),
    refuses: certificateFails('shop.example.com'),
    killedAt: 'acm RequestCertificate',
  },
  {
    step: 'enable-internal',
    throws: refusal('rack PUT /system', 'RACK_REFUSED'),
    timesOut: silence('rack GET /system', 'TIMED_OUT'),
    refuses: { why: 'it asks for it and judges nothing' },
    killedAt: 'rack PUT /system',
  },
  {
    step: 'confirm-low-ttl',
    throws: refusal('route53 GetChange', 'AWS_DENIED'),
    timesOut: silence('route53 GetChange', 'TIMED_OUT'),
    refuses: { why: 'it waits and judges nothing' },
    killedAt: 'route53 GetChange',
  },
  {
    step: 'create-temporary-app',
    throws: refusal('rack POST /apps', 'RACK_REFUSED'),
    timesOut: standstill(),
    refuses: resourceFails(TEMPORARY, 'Settings', 'APP_CREATE_FAILED'),
    killedAt: 'rack POST /apps',
  },
  {
    step: 'copy-environment',
    throws: refusal('rack POST /apps/shop-gen2/releases', 'RACK_REFUSED'),
    timesOut: silence('rack GET /apps/shop/releases', 'RACK_UNREACHABLE'),
    refuses: otherEnvironment('shop-gen2'),
    killedAt: 'rack POST /apps/shop-gen2/releases',
  },
  {
    step: 'build-temporary-app',
    throws: refusal('rack POST /apps/shop-gen2/builds', 'RACK_REFUSED'),
    timesOut: standstill(),
    refuses: brokenSource(),
    killedAt: 'rack POST /apps/shop-gen2/builds',
  },
  {
    step: 'await-certificates',
    throws: refusal('acm DescribeCertificate', 'AWS_DENIED'),
    timesOut: silence('acm DescribeCertificate', 'TIMED_OUT'),
    refuses: validationFails(),
    killedAt: 'acm DescribeCertificate',
  },
  {
    step: 'await-internal',
    throws: refusal('cloudformation DescribeStacks', 'AWS_DENIED'),
    timesOut: silence('cloudformation DescribeStacks', 'TIMED_OUT'),
    refuses: { ...resourceFails('convox', 'RouterInternal', 'RACK_UPDATE_FAILED'), from: 'enable-internal' },
    killedAt: 'cloudformation DescribeStacks',
  },
  {
    step: 'promote-temporary-app',
    throws: refusal('rack POST /apps/shop-gen2/releases', 'RACK_REFUSED'),
    timesOut: standstill(),
    refuses: resourceFails(TEMPORARY, 'ServiceWeb', 'PROMOTE_FAILED'),
    killedAt: 'rack POST /apps/shop-gen2/releases',
  },
  {
    step: 'verify-temporary-app',
    throws: refusal('elasticloadbalancing DescribeTargetHealth', 'AWS_DENIED'),
    timesOut: silence('elasticloadbalancing DescribeTargetHealth', 'VERIFICATION_FAILED'),
    refuses: badApp('shop-gen2', UNHEALTHY, 'VERIFICATION_FAILED'),
    killedAt: 'elasticloadbalancing DescribeTargetHealth',
  },
  {
    step: 'await-old-ttl',
    throws: { why: 'it sleeps and asks nobody' },
    timesOut: { why: 'it sleeps and asks nobody' },
    refuses: { why: 'it sleeps and asks nobody' },
    killedAt: undefined,
  },
  {
    step: 'switch-records',
    throws: refusal('cloudformation ListStackResources', 'AWS_DENIED'),
    timesOut: standstill(),
    refuses: badApp('shop-gen2', UNHEALTHY, ['VERIFICATION_FAILED', 'TRAFFIC_OUT_OF_BOUNDS']),
    killedAt: 'route53 ChangeResourceRecordSets',
  },
  {
    step: 'confirm-propagation',
    throws: refusal('route53 GetHostedZone', 'AWS_DENIED'),
    timesOut: silence('route53 GetHostedZone', 'TIMED_OUT'),
    refuses: switchedBack(),
    killedAt: 'route53 GetHostedZone',
  },
  {
    step: 'confirm-traffic',
    throws: refusal('monitoring GetMetricData', 'AWS_DENIED'),
    timesOut: silence('monitoring GetMetricData', 'TIMED_OUT'),
    refuses: badApp('shop-gen2', FAILING, 'TRAFFIC_OUT_OF_BOUNDS'),
    killedAt: 'monitoring GetMetricData',
  },
  {
    step: 'export-old-app',
    throws: refusal('rack GET /apps/shop/builds', 'RACK_REFUSED'),
    timesOut: silence('rack GET /apps/shop/builds', 'RACK_UNREACHABLE'),
    refuses: blockedFolder(),
    killedAt: 'rack GET /apps/shop/builds',
  },
];

/** From the point of no return on. */
export const ROWS_WITHOUT_RETURN: readonly Row[] = [
  {
    step: 'delete-old-app',
    throws: refusal('rack DELETE /apps/shop', 'RACK_REFUSED'),
    timesOut: standstill('STACK_FAILED'),
    refuses: undeletable('convox-shop'),
    killedAt: 'rack DELETE /apps/shop',
  },
  {
    step: 'restore-ttl',
    throws: refusal('route53 ChangeResourceRecordSets', 'AWS_DENIED'),
    timesOut: silence('route53 ChangeResourceRecordSets', 'AWS_UNREACHABLE'),
    refuses: otherRecord('www.shop.example.com.'),
    killedAt: 'route53 ChangeResourceRecordSets',
  },
  {
    step: 'create-final-app',
    throws: refusal('rack POST /apps', 'RACK_REFUSED'),
    timesOut: standstill(),
    refuses: resourceFails('convox-shop', 'Settings', 'APP_CREATE_FAILED'),
    killedAt: 'rack POST /apps',
  },
  {
    step: 'copy-environment-back',
    throws: refusal('rack POST /apps/shop/releases', 'RACK_REFUSED'),
    timesOut: silence('rack GET /apps/shop-gen2/releases', 'RACK_UNREACHABLE'),
    refuses: otherEnvironment('shop'),
    killedAt: 'rack POST /apps/shop/releases',
  },
  {
    step: 'import-build',
    throws: refusal('rack POST /apps/shop/builds', 'RACK_REFUSED'),
    timesOut: silence('rack GET /apps/shop/builds', 'RACK_UNREACHABLE'),
    refuses: refusal('rack GET /apps/shop-gen2/builds', 'RACK_REFUSED'),
    killedAt: 'rack POST /apps/shop/builds',
  },
  {
    step: 'promote-final-app',
    throws: refusal('rack POST /apps/shop/releases', 'RACK_REFUSED'),
    timesOut: standstill(),
    refuses: resourceFails('convox-shop', 'ServiceWeb', 'PROMOTE_FAILED'),
    killedAt: 'rack POST /apps/shop/releases',
  },
  {
    step: 'promote-final-domains',
    throws: refusal('rack POST /apps/shop/releases', 'RACK_REFUSED'),
    timesOut: standstill(),
    refuses: resourceFails('convox-shop', 'ServiceWeb', 'PROMOTE_FAILED'),
    killedAt: 'rack POST /apps/shop/releases',
  },
  {
    step: 'link-resources',
    throws: refusal('rack POST /resources/logs/links', 'RACK_REFUSED'),
    timesOut: standstill('STACK_FAILED'),
    refuses: resourceFails('convox-logs', 'ShopLink', 'STACK_FAILED'),
    killedAt: 'rack POST /resources/logs/links',
  },
  {
    step: 'release-domains',
    throws: refusal('rack POST /apps/shop-gen2/releases', 'RACK_REFUSED'),
    timesOut: standstill(),
    refuses: resourceFails(TEMPORARY, 'ServiceWeb', 'PROMOTE_FAILED'),
    killedAt: 'rack POST /apps/shop-gen2/releases',
  },
  {
    step: 'delete-temporary-app',
    throws: refusal('rack DELETE /apps/shop-gen2', 'RACK_REFUSED'),
    timesOut: standstill('APP_DELETE_FAILED'),
    refuses: badApp('shop', UNHEALTHY, 'VERIFICATION_FAILED'),
    killedAt: 'rack DELETE /apps/shop-gen2',
  },
  {
    step: 'confirm-final-traffic',
    throws: refusal('monitoring GetMetricData', 'AWS_DENIED'),
    timesOut: silence('monitoring GetMetricData', 'TIMED_OUT'),
    // Requests count from when the temporary app was about to be deleted.
    refuses: {
      ...withRequest('rack DELETE /apps/shop-gen2', badApp('shop', FAILING, 'TRAFFIC_OUT_OF_BOUNDS')),
      from: 'delete-temporary-app',
    },
    killedAt: 'monitoring GetMetricData',
  },
];

/** Between the two lists: the gate that stands before a step says no. */
export const REFUSED_BEFORE_RETURN: readonly { readonly step: string; readonly refuses: Trouble }[] = [
  { step: 'delete-old-app', refuses: badApp('shop-gen2', UNHEALTHY, 'VERIFICATION_FAILED') },
];

/** Gates a person answers; their only way to fail is a no. */
export const GATES = ['approve-cutover', 'approve-commit'] as const;
