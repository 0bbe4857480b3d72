import { AwsRefusal } from '../../world.ts';
import type { ResourceHandler } from '../resource-handler.ts';
import type { HostedZoneProperties, RecordSetProperties } from '../resource-properties.ts';

/** A private zone of the rack's VPC. */
export const hostedZoneHandler: ResourceHandler<HostedZoneProperties> = {
  async create({ name }, { world, initiated, takes }) {
    const zone = world.route53.createZone({ name, isPrivate: true, vpcIds: [world.settings.vpcId] });
    initiated(zone.id);
    await takes(world.settings.durations.resourceMs);
    return zone.id;
  },
  update: () => Promise.resolve(),
  mustReplace: (next, previous) => next.name !== previous.name,
  async remove(id, _properties, { world, takes }) {
    await takes(world.settings.durations.resourceMs);
    const zone = world.route53.zones.get(id);
    if (zone?.recordSets.some(({ type }) => type !== 'NS' && type !== 'SOA') === true) {
      throw new AwsRefusal(
        'HostedZoneNotEmpty',
        'The specified hosted zone contains non-required resource record sets and so cannot be deleted.',
      );
    }
    world.route53.zones.delete(id);
  },
};

export const recordSetHandler: ResourceHandler<RecordSetProperties> = {
  async create({ hostedZoneId, recordSet }, { world, initiated, takes }) {
    world.route53.change(hostedZoneId, [{ action: 'CREATE', recordSet }]);
    initiated(recordSet.name);
    await takes(world.settings.durations.zoneChangeMs);
    return recordSet.name;
  },
  async update(_name, { hostedZoneId, recordSet }, _previous, { world, takes }) {
    world.route53.change(hostedZoneId, [{ action: 'UPSERT', recordSet }]);
    await takes(world.settings.durations.zoneChangeMs);
  },
  mustReplace: (next, previous) =>
    next.hostedZoneId !== previous.hostedZoneId ||
    next.recordSet.name !== previous.recordSet.name ||
    next.recordSet.type !== previous.recordSet.type,
  async remove(_name, { hostedZoneId, recordSet }, { world, takes }) {
    if (!world.route53.zones.has(hostedZoneId)) return;
    world.route53.change(hostedZoneId, [{ action: 'DELETE', recordSet }]);
    await takes(world.settings.durations.zoneChangeMs);
  },
};
