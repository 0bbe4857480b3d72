import type { HandlerContext, ResourceHandler } from '../resource-handler.ts';
import { longGeneratedName } from './names.ts';

/** A resource that is only listed: it takes its time and has a physical id of the right shape. */
export function plainHandler(type: string): ResourceHandler<unknown> {
  return {
    async create(_properties, context) {
      const id = physicalId(type, context);
      context.initiated(id);
      await context.takes(context.world.settings.durations.resourceMs);
      return id;
    },
    update: (_id, _next, _previous, { world, takes }) => {
      const { rackUpdateMs, resourceMs } = world.settings.durations;
      // A rack's instances are replaced one by one: the long part of a rack update.
      return takes(type === 'AWS::AutoScaling::AutoScalingGroup' ? rackUpdateMs : resourceMs);
    },
    mustReplace: () => false,
    remove: (_id, _properties, { world, takes }) => takes(world.settings.durations.resourceMs),
  };
}

function physicalId(type: string, context: HandlerContext): string {
  const { world, stack, logicalId } = context;
  const { region, accountId } = world.settings;
  const prefix = EC2_PREFIXES[type];
  if (prefix !== undefined) return `${prefix}-${world.random.hex(8)}`;
  switch (type) {
    case 'AWS::S3::Bucket':
    case 'AWS::ECR::Repository':
      return longGeneratedName(context).toLowerCase();
    case 'AWS::SNS::Topic':
      return `arn:aws:sns:${region}:${accountId}:${longGeneratedName(context)}`;
    case 'AWS::KMS::Key':
    case 'Custom::KMSKey':
      return `arn:aws:kms:${region}:${accountId}:key/${world.random.uuid()}`;
    case 'Custom::ECRRepository':
      return `arn:aws:ecr:${region}:${accountId}:repository/${stack.name}`;
    case 'AWS::RDS::DBInstance':
    case 'AWS::ElastiCache::CacheCluster':
      return `${stack.name}-${logicalId}`.toLowerCase().slice(0, 40);
    default:
      return longGeneratedName(context);
  }
}

const EC2_PREFIXES: Readonly<Record<string, string>> = {
  'AWS::EC2::VPC': 'vpc',
  'AWS::EC2::Subnet': 'subnet',
  'AWS::EC2::SecurityGroup': 'sg',
  'AWS::EC2::InternetGateway': 'igw',
  'AWS::EFS::FileSystem': 'fs',
};
