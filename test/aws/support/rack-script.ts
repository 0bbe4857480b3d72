import { Fault, type Params, type Reply } from './scripted-aws.ts';

const ACCOUNT = '123456789012';
export const STACK_ID = `arn:aws:cloudformation:us-east-1:${ACCOUNT}:stack/convox/5e6f7a80-0000-11f0-aaaa-0123456789ab`;
const VPC = 'vpc-1';
const arn = (name: string): string =>
  `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/app/${name}/${name.length}abc`;

/** A balancer as the script answers it. */
export interface FakeBalancer {
  readonly name: string;
  readonly dnsName: string;
  readonly scheme?: string;
  readonly vpc?: string;
  readonly type?: string;
  readonly state?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export const PUBLIC: FakeBalancer = {
  name: 'convo-Route-UACTD9OG6B40',
  dnsName: 'convo-Route-UACTD9OG6B40-2023456789.us-east-1.elb.amazonaws.com',
};
export const INTERNAL: FakeBalancer = {
  name: 'convox-rti',
  dnsName: 'internal-convox-rti-1234567.us-east-1.elb.amazonaws.com',
  scheme: 'internal',
};

export interface FakeRack {
  /** Logical id to balancer. */
  readonly resources: Readonly<Record<string, FakeBalancer>>;
  /** All balancers of the region; default: those of `resources`. */
  readonly balancers?: readonly FakeBalancer[];
  readonly outputs?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly status?: string;
  readonly account?: string;
  readonly denied?: readonly string[];
  readonly pageSize?: number;
}

/** The outputs of a rack at 20171213132441 with both balancers: `DomainInternal` is not among them. */
export const OUTPUTS_2017 = {
  StackId: STACK_ID,
  Vpc: VPC,
  Domain: PUBLIC.dnsName,
  RouterHost: 'convo-Route-UACTD9OG6B40-2023456789.us-east-1.convox.site',
  RouterInternalHost: 'internal-convox-rti-1234567.us-east-1.convox.site',
  Dashboard: 'convox-1122334455.us-east-1.elb.amazonaws.com',
} as const;

/** Answers of CloudFormation, STS and both balancer APIs for one rack. */
export function rackScript(rack: FakeRack): Readonly<Record<string, (params: Params) => Reply>> {
  const all = rack.balancers ?? Object.values(rack.resources);
  const guard = (operation: string, answer: (params: Params) => Reply): ((params: Params) => Reply) => {
    const action = `${operation.includes('Stack') ? 'cloudformation' : 'elasticloadbalancing'}:${operation}`;
    return (params) =>
      rack.denied?.includes(operation) === true
        ? new Fault('AccessDenied', `User: u is not authorized to perform: ${action}`, 403)
        : answer(params);
  };
  return {
    GetCallerIdentity: () => ({ Account: rack.account ?? ACCOUNT, Arn: 'arn:aws:iam::1:user/u' }),
    DescribeStacks: guard('DescribeStacks', ({ StackName }) =>
      StackName === STACK_ID || StackName === 'convox'
        ? {
            Stacks: {
              member: {
                StackId: STACK_ID,
                StackName: 'convox',
                StackStatus: rack.status ?? 'UPDATE_COMPLETE',
                CreationTime: '2017-12-14T00:00:00Z',
                Outputs: { member: entries(rack.outputs ?? OUTPUTS_2017, 'OutputKey', 'OutputValue') },
                Parameters: {
                  member: entries(rack.parameters ?? { Internal: 'Yes' }, 'ParameterKey', 'ParameterValue'),
                },
              },
            },
          }
        : new Fault('ValidationError', `Stack with id ${String(StackName)} does not exist`),
    ),
    DescribeStackResource: guard('DescribeStackResource', ({ LogicalResourceId }) => {
      const id = String(LogicalResourceId);
      const balancer = rack.resources[id];
      if (balancer === undefined) {
        return new Fault('ValidationError', `Resource ${id} does not exist for stack convox`);
      }
      const isClassic = id === 'Balancer';
      return {
        StackResourceDetail: {
          LogicalResourceId: id,
          PhysicalResourceId: isClassic ? balancer.name : arn(balancer.name),
          ResourceType: isClassic
            ? 'AWS::ElasticLoadBalancing::LoadBalancer'
            : 'AWS::ElasticLoadBalancingV2::LoadBalancer',
          ResourceStatus: 'CREATE_COMPLETE',
          LastUpdatedTimestamp: '2017-12-14T00:00:00Z',
        },
      };
    }),
    DescribeLoadBalancers: guard('DescribeLoadBalancers', (params) => describeBalancers(rack, all, params)),
    DescribeTags: guard('DescribeTags', (params) => ({
      TagDescriptions: {
        member: members(params, 'ResourceArns').map((one) => ({
          ResourceArn: one,
          Tags: { member: entries(all.find(({ name }) => arn(name) === one)?.tags ?? {}, 'Key', 'Value') },
        })),
      },
    })),
  };
}

function describeBalancers(rack: FakeRack, all: readonly FakeBalancer[], params: Params): Reply {
  if (params['Version'] === '2012-06-01') {
    const names = members(params, 'LoadBalancerNames');
    const found = Object.values(rack.resources).filter(({ name }) => names.includes(name));
    if (found.length < names.length)
      return new Fault('LoadBalancerNotFound', 'There is no ACTIVE Load Balancer named that');
    return { LoadBalancerDescriptions: { member: found.map(classic) } };
  }
  const arns = members(params, 'LoadBalancerArns');
  if (arns.length > 0) {
    const found = all.filter(({ name }) => arns.includes(arn(name)));
    if (found.length === 0) return new Fault('LoadBalancerNotFound', 'One or more load balancers not found');
    return { LoadBalancers: { member: found.map(application) } };
  }
  const from = Number(params['Marker'] ?? 0);
  const to = from + (rack.pageSize ?? 400);
  return {
    LoadBalancers: { member: all.slice(from, to).map(application) },
    ...(to < all.length ? { NextMarker: String(to) } : {}),
  };
}

function application({ name, dnsName, scheme, vpc, type, state }: FakeBalancer) {
  return {
    LoadBalancerArn: arn(name),
    LoadBalancerName: name,
    DNSName: dnsName,
    CanonicalHostedZoneId: 'Z35SXDOTRQ7X7K',
    Scheme: scheme ?? 'internet-facing',
    VpcId: vpc ?? VPC,
    Type: type ?? 'application',
    State: { Code: state ?? 'active' },
  };
}

function classic({ name, dnsName, scheme, vpc }: FakeBalancer) {
  return {
    LoadBalancerName: name,
    DNSName: dnsName,
    CanonicalHostedZoneNameID: 'Z35SXDOTRQ7X7K',
    Scheme: scheme ?? 'internet-facing',
    VPCId: vpc ?? VPC,
    HealthCheck: { Target: 'TCP:3000', Interval: 5, Timeout: 3, UnhealthyThreshold: 2, HealthyThreshold: 2 },
    ListenerDescriptions: {
      member: {
        Listener: {
          Protocol: 'TCP',
          LoadBalancerPort: 443,
          InstancePort: 3000,
          InstanceProtocol: 'TCP',
          SSLCertificateId: 'arn:aws:iam::1:server-certificate/c',
        },
      },
    },
    Instances: { member: { InstanceId: 'i-1' } },
  };
}

/** The values of a list in the query protocol: `Name.member.1`, `Name.member.2` … */
function members(params: Params, name: string): readonly string[] {
  return Object.entries(params).flatMap(([key, value]) => (key.startsWith(`${name}.member.`) ? [String(value)] : []));
}

function entries(record: Readonly<Record<string, string>>, key: string, value: string) {
  return Object.entries(record).map(([k, v]) => ({ [key]: k, [value]: v }));
}
