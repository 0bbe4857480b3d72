/**
 * The hosted zone id AWS keeps a region's application and classic balancers in, by region.
 * Source: the per-region maps of the Terraform AWS provider, internal/service/elb and internal/service/elbv2.
 */
export const BALANCER_ZONES: Readonly<Record<string, string>> = {
  'us-east-1': 'Z35SXDOTRQ7X7K',
  'us-east-2': 'Z3AADJGX6KTTL2',
  'us-west-1': 'Z368ELLRRE2KJ0',
  'us-west-2': 'Z1H1FL5HABSF5',
  'ca-central-1': 'ZQSVJUPU6J1EY',
  'eu-west-1': 'Z32O12XQLNTSW2',
  'eu-west-2': 'ZHURV8PSTC4K8',
  'eu-west-3': 'Z3Q77PNBQS71R4',
  'eu-central-1': 'Z215JYRZR1TBD5',
  'eu-north-1': 'Z23TAZ6LKFMNIO',
  'ap-southeast-1': 'Z1LMS91P8CMLE5',
  'ap-southeast-2': 'Z1GM3OXH4ZPM65',
  'ap-northeast-1': 'Z14GRHDCWA56QT',
  'ap-northeast-2': 'ZWKZPGTI48KDX',
  'ap-south-1': 'ZP97RAFLXTNZK',
  'sa-east-1': 'Z2P70J7HTTTPLU',
};

/** The zone an alias record to a balancer of this region names; the sandbox runs only in regions it knows. */
export function balancerZoneOf(region: string): string {
  const zone = BALANCER_ZONES[region];
  if (zone === undefined) {
    throw new Error(`the sandbox does not know region ${region}; it knows ${Object.keys(BALANCER_ZONES).join(', ')}`);
  }
  return zone;
}

/** Regions the sandbox cannot run in, but whose account it shows as empty (AWS docs, "Regions and Availability Zones"). */
const OTHER_REGIONS: ReadonlySet<string> = new Set(
  (
    'af-south-1 ap-east-1 ap-northeast-3 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-7 ' +
    'ca-west-1 eu-central-2 eu-south-1 eu-south-2 il-central-1 me-central-1 me-south-1 mx-central-1'
  ).split(' '),
);

/** True for a region that a signature may be scoped to. */
export function isRegion(region: string): boolean {
  return BALANCER_ZONES[region] !== undefined || OTHER_REGIONS.has(region);
}
