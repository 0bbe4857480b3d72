/** The hosted zone ids AWS keeps its balancers' names in: what an alias record names beside the DNS name. */
interface CanonicalZones {
  /** Of application and classic balancers. */
  readonly standard: string;
  /** Of network balancers. */
  readonly network: string;
}

/** By region; constants of AWS (the Terraform AWS provider's maps in internal/service/elb and internal/service/elbv2). */
const CANONICAL_ZONES: Readonly<Record<string, CanonicalZones>> = {
  'us-east-1': { standard: 'Z35SXDOTRQ7X7K', network: 'Z26RNL4JYFTOTI' },
  'us-east-2': { standard: 'Z3AADJGX6KTTL2', network: 'ZLMOA37VPKANP' },
  'us-west-1': { standard: 'Z368ELLRRE2KJ0', network: 'Z24FKFUX50B4VW' },
  'us-west-2': { standard: 'Z1H1FL5HABSF5', network: 'Z18D5FSROUN65G' },
  'ca-central-1': { standard: 'ZQSVJUPU6J1EY', network: 'Z2EPGBW3API2WT' },
  'eu-west-1': { standard: 'Z32O12XQLNTSW2', network: 'Z2IFOLAFXWLO4F' },
  'eu-west-2': { standard: 'ZHURV8PSTC4K8', network: 'ZD4D7Y8KGAS4G' },
  'eu-west-3': { standard: 'Z3Q77PNBQS71R4', network: 'Z1CMS0P5QUZ6D5' },
  'eu-central-1': { standard: 'Z215JYRZR1TBD5', network: 'Z3F0SRJ5LGBH90' },
  'eu-north-1': { standard: 'Z23TAZ6LKFMNIO', network: 'Z1UDT6IFJ4EJM' },
  'ap-southeast-1': { standard: 'Z1LMS91P8CMLE5', network: 'ZKVM4W9LS7TM' },
  'ap-southeast-2': { standard: 'Z1GM3OXH4ZPM65', network: 'ZCT6FZBF4DROD' },
  'ap-northeast-1': { standard: 'Z14GRHDCWA56QT', network: 'Z31USIVHYNEOWT' },
  'ap-northeast-2': { standard: 'ZWKZPGTI48KDX', network: 'ZIBE1TIR4HY56' },
  'ap-south-1': { standard: 'ZP97RAFLXTNZK', network: 'ZVDDRBQ08TROA' },
  'sa-east-1': { standard: 'Z2P70J7HTTTPLU', network: 'ZTK26PT1VY4CU' },
};

/** The zone id for an alias to a balancer of this DNS name; prefer the one `DescribeLoadBalancers` answers. */
export function canonicalZoneOf(dnsName: string): string | undefined {
  const region = /\.([a-z]{2}(?:-[a-z]+)+-\d)\.elb\.amazonaws\.com\.?$/i.exec(dnsName)?.[1]?.toLowerCase();
  if (region !== undefined) return CANONICAL_ZONES[region]?.standard;
  // Network balancers: <name>.elb.<region>.amazonaws.com.
  const networkRegion = /\.elb\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com\.?$/i.exec(dnsName)?.[1]?.toLowerCase();
  return networkRegion === undefined ? undefined : CANONICAL_ZONES[networkRegion]?.network;
}
