import {
  AddListenerCertificatesCommand,
  CreateListenerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, describe, expect, it } from 'vitest';
import { checkAccount, readCallerIdentity } from '../../../src/aws/account.ts';
import { listApplicationBalancers } from '../../../src/aws/application-balancers.ts';
import { findRackBalancers } from '../../../src/aws/balancers.ts';
import { deleteCertificate, issueCertificate, waitForValidationRecords } from '../../../src/aws/certificate-issue.ts';
import { findUsableCertificate } from '../../../src/aws/certificate-match.ts';
import { waitForCertificate } from '../../../src/aws/certificate-watch.ts';
import { coversAll, findCertificate, listCertificates } from '../../../src/aws/certificates.ts';
import { readClassicBalancers } from '../../../src/aws/classic-balancers.ts';
import { applyRecordChanges } from '../../../src/aws/dns/apply.ts';
import { chooseZones } from '../../../src/aws/dns/choose-zones.ts';
import { isInSync, waitInSync } from '../../../src/aws/dns/in-sync.ts';
import { planRecordChanges } from '../../../src/aws/dns/plan.ts';
import type { RecordBatch } from '../../../src/aws/dns/record-batch.ts';
import type { RawRecordSet } from '../../../src/aws/dns/record-set.ts';
import { readRecordSets, recordsPointingAt } from '../../../src/aws/dns/records.ts';
import { restoreRecords } from '../../../src/aws/dns/restore.ts';
import { planValidationRecords, writeValidationRecords } from '../../../src/aws/dns/validation-records.ts';
import { listZones, readZone, type HostedZone } from '../../../src/aws/dns/zones.ts';
import { listListenerCertificates, listListenerRules, listListeners } from '../../../src/aws/listener-rules.ts';
import { findStack, findStackResource, listStackResources, readStack } from '../../../src/aws/stacks.ts';
import { readTargetHealth } from '../../../src/aws/target-health.ts';
import { readTraffic } from '../../../src/aws/traffic.ts';
import { signal } from '../../aws/support/signal.ts';
import { startMoto } from './moto-partner.ts';
import { createZone, seed, type PartnerName } from './partner.ts';
import { startSandboxPartner } from './sandbox-partner.ts';

const partners = [await startSandboxPartner(), await startMoto()].filter((partner) => partner !== undefined);

afterAll(async () => {
  await Promise.all(partners.map((partner) => partner.close()));
});

let count = 0;
/** A name no other test has. */
const unique = (text: string): string => `${text}${(count += 1)}`;

describe.each(partners.map((partner) => ({ partner, name: partner.name })))('against $name', ({ partner }) => {
  const { clients, clock } = partner;
  /** A case one of the partners is known to answer otherwise than AWS. */
  const notOn = (name: PartnerName, reason: string) => (says: string, run: () => Promise<void>) => {
    if (partner.name === name) it.skip(`${says} (${name} ${reason})`, run);
    else it(says, run);
  };

  describe('the rack', () => {
    it('has both balancers, found by logical id and agreeing with its outputs', async () => {
      const stack = await readStack({ clients, stack: 'convox' }, signal);

      const found = await findRackBalancers({ rack: { name: 'convox' }, clients }, signal);

      if (!found.public.found || !found.internal.found) throw new Error('not found');
      expect(found.public.balancer).toMatchObject({
        dnsName: stack.outputs['Domain'],
        how: 'logical-id',
        crossChecked: true,
      });
      expect(found.internal.balancer).toMatchObject({
        scheme: 'internal',
        how: 'logical-id',
        vpcId: stack.outputs['Vpc'],
      });
    });

    it('is not there in another region', async () => {
      const elsewhere = partner.newClients({ region: 'eu-west-1' });

      const search = findRackBalancers({ rack: { name: 'convox' }, clients: elsewhere }, signal);

      await expect(search).rejects.toMatchObject({ code: 'AWS_NOT_FOUND' });
      elsewhere.destroy();
    });

    it('is of the account the credentials are of, and not of another', async () => {
      const { arn } = await readStack({ clients, stack: 'convox' }, signal);

      const caller = await checkAccount({ clients, rackName: 'convox', stackId: arn }, signal);

      expect(caller.account).toBe((await readCallerIdentity({ clients }, signal)).account);
      const stackId = arn.replace(caller.account, '999999999999');
      await expect(checkAccount({ clients, rackName: 'convox', stackId }, signal)).rejects.toMatchObject({
        code: 'AWS_ACCOUNT_MISMATCH',
      });
    });

    it('has its balancers on whatever page they are', async () => {
      const all = await listApplicationBalancers({ clients }, signal);

      expect(await listApplicationBalancers({ clients, pageSize: 1 }, signal)).toEqual(all);
      expect(all.length).toBeGreaterThanOrEqual(2);
    });

    it('has resources, and lacks those it lacks', async () => {
      const resources = await listStackResources({ clients, stack: 'convox' }, signal);

      expect(resources.map(({ logicalId }) => logicalId)).toEqual(expect.arrayContaining(['Router', 'RouterInternal']));
      expect(await findStackResource({ clients, stack: 'convox', logicalId: 'Nothing' }, signal)).toBeUndefined();
    });
  });

  describe('a stack', () => {
    it('that never was is not found', async () => {
      expect(await findStack({ clients, stack: 'convox-nothing' }, signal)).toBeUndefined();
    });

    it('that was deleted is known by its ARN, not by its name', async () => {
      const arn = await partner.deletedStack();

      expect(await findStack({ clients, stack: arn }, signal)).toMatchObject({ outcome: 'deleted' });
      expect(await findStack({ clients, stack: 'convox-gone' }, signal)).toBeUndefined();
    });
  });

  describe('balancers', () => {
    it('classic ones are read by name, those that are gone left out', async () => {
      const name = unique('shop-web-');
      const dnsName = await partner.createClassic(name);

      const found = await readClassicBalancers({ clients, names: [name, 'gone'] }, signal);

      expect(found).toMatchObject([{ name, dnsName, listeners: [{ port: 80, protocol: 'TCP', instancePort: 3000 }] }]);
    });

    notOn('moto', 'has a rack without listeners')('listeners of the rack are read with their certificate', async () => {
      const { outputs } = await readStack({ clients, stack: 'convox' }, signal);
      const all = await listApplicationBalancers({ clients }, signal);
      const router = all.find(({ dnsName }) => dnsName === outputs['Domain']);

      const listeners = await listListeners({ clients, balancerArn: router!.arn }, signal);
      const certificates = await listListenerCertificates({ clients, listenerArn: listeners[1]!.arn }, signal);

      expect(listeners.map(({ port, protocol }) => `${port} ${protocol}`)).toEqual(['80 HTTP', '443 HTTPS']);
      expect(certificates).toMatchObject([{ isDefault: true, arn: listeners[1]!.certificateArn }]);
    });

    notOn('sandbox', 'has listeners made by stacks alone')(
      'listeners, rules and certificates made by hand are read',
      async () => {
        const [router] = await listApplicationBalancers({ clients }, signal);
        const group = await clients.elbv2.send(
          new CreateTargetGroupCommand({ Name: unique('group-'), Protocol: 'HTTP', Port: 80, VpcId: router!.vpcId }),
        );
        const TargetGroupArn = group.TargetGroups![0]!.TargetGroupArn!;
        const { arn } = await issueCertificate(
          { clients, domains: [`${unique('l')}.example.com`], idempotencyKey: 'l' },
          signal,
        );
        const made = await clients.elbv2.send(
          new CreateListenerCommand({
            LoadBalancerArn: router!.arn,
            Protocol: 'HTTPS',
            Port: 443,
            Certificates: [{ CertificateArn: arn }],
            DefaultActions: [
              {
                Type: 'fixed-response',
                FixedResponseConfig: { StatusCode: '404', ContentType: 'text/plain', MessageBody: 'unknown host' },
              },
            ],
          }),
        );
        const ListenerArn = made.Listeners![0]!.ListenerArn!;
        for (const [Priority, host] of [
          [900, 'b.example.com'],
          [7, 'a.example.com'],
        ] as const) {
          const Conditions = [{ Field: 'host-header', Values: [host] }];
          await clients.elbv2.send(
            new CreateRuleCommand({
              ListenerArn,
              Priority,
              Conditions,
              Actions: [{ Type: 'forward', TargetGroupArn }],
            }),
          );
        }
        await clients.elbv2.send(
          new AddListenerCertificatesCommand({ ListenerArn, Certificates: [{ CertificateArn: arn }] }),
        );

        const [listener] = await listListeners({ clients, balancerArn: router!.arn }, signal);
        const rules = await listListenerRules({ clients, listenerArn: ListenerArn, withOwners: true }, signal);

        expect(listener).toMatchObject({
          port: 443,
          defaultAction: { type: 'fixed-response', status: 404, body: 'unknown host' },
        });
        expect(rules.map(({ priority, hosts }) => [priority, hosts])).toEqual([
          [7, ['a.example.com']],
          [900, ['b.example.com']],
        ]);
        expect(await listListenerCertificates({ clients, listenerArn: ListenerArn }, signal)).not.toEqual([]);
        expect(await readTargetHealth({ clients, targetGroupArn: TargetGroupArn }, signal)).toMatchObject({
          wanted: 0,
          healthy: 0,
        });
      },
    );
  });

  describe('zones', () => {
    it('are listed with their kind, and told in detail', async () => {
      const open = await createZone(partner, `${unique('z')}.example.com`);
      const closed = await createZone(partner, `${unique('z')}.corp`, { vpcId: 'vpc-1' });

      const zones = await listZones({ clients }, signal);

      expect(zones).toEqual(
        expect.arrayContaining([expect.objectContaining({ id: open.id, name: open.name, isPrivate: false })]),
      );
      expect((await readZone({ clients, zoneId: open.id }, signal)).nameServers).toHaveLength(4);
      expect(await readZone({ clients, zoneId: closed.id }, signal)).toMatchObject({
        isPrivate: true,
        vpcIds: ['vpc-1'],
      });
    });

    it('that do not exist are named', async () => {
      await expect(readZone({ clients, zoneId: 'ZNOSUCHZONE' }, signal)).rejects.toMatchObject({
        details: { awsCode: 'NoSuchHostedZone' },
      });
    });

    it('are chosen by the longest name, and both views with a split horizon', async () => {
      const name = `${unique('z')}.example.org`;
      const outer = await createZone(partner, name);
      const inner = await createZone(partner, `shop.${name}`);
      const hidden = await createZone(partner, `shop.${name}`, { vpcId: 'vpc-7' });

      const choice = await chooseZones({ clients, name: `www.shop.${name}`, vpcId: 'vpc-7' }, signal);
      const apex = await chooseZones({ clients, name: `other.${name}` }, signal);

      expect(choice.zones.map(({ zone, view }) => [zone.id, view])).toEqual([
        [inner.id, 'public'],
        [hidden.id, 'private'],
      ]);
      expect(apex.zones.map(({ zone }) => zone.id)).toEqual([outer.id]);
    });
  });

  describe('records', () => {
    /** A zone whose records point at an old balancer; and what to call both balancers. */
    const arrange = async (recordsOf: (zone: string, old: string) => readonly RawRecordSet[]) => {
      const zone = await createZone(partner, `${unique('z')}.example.net`);
      const old = await partner.createClassic(unique('shop-web-'));
      const [router] = await listApplicationBalancers({ clients }, signal);
      await seed(partner, zone, recordsOf(zone.name, old));
      return { zone, old, to: { dnsName: router!.dnsName, canonicalHostedZoneId: 'Z35SXDOTRQ7X7K' } };
    };
    const write = (zone: HostedZone, before: readonly RawRecordSet[], after: readonly RawRecordSet[]) =>
      applyRecordChanges({ clients, clock, batch: { zoneId: zone.id, zoneName: zone.name, before, after } }, signal);
    const content = async (zone: HostedZone) =>
      JSON.stringify((await readRecordSets({ clients, zoneId: zone.id }, signal)).map(({ raw }) => raw));
    const cname = (zone: string, old: string): RawRecordSet => ({
      Name: `www.${zone}.`,
      Type: 'CNAME',
      TTL: 300,
      ResourceRecords: [{ Value: old }],
    });
    const alias = (name: string, old: string, Type = 'A'): RawRecordSet => ({
      Name: `${name}.`,
      Type,
      AliasTarget: {
        HostedZoneId: 'Z35SXDOTRQ7X7K',
        DNSName: `dualstack.${old.toLowerCase()}.`,
        EvaluateTargetHealth: false,
      },
    });

    it.each([
      ['a CNAME that stays one', 'cname' as const, []],
      ['a CNAME that becomes an alias', 'alias' as const, []],
      ['shares by weight', 'cname' as const, [20]],
    ])('are switched and put back, byte by byte: %s', async (_, cnameBecomes, stages) => {
      const { zone, old, to } = await arrange((name, lb) => [
        cname(name, lb),
        alias(name, lb),
        alias(name, lb, 'AAAA'),
      ]);
      const before = await content(zone);
      const records = await readRecordSets({ clients, zoneId: zone.id }, signal);

      const { batches, refused } = planRecordChanges({ zone, records, from: [old], to, cnameBecomes, stages });
      for (const batch of batches) await applyRecordChanges({ clients, batch, clock }, signal);
      const moved = await recordsPointingAt({ clients, targets: [old], zones: [zone] }, signal);
      await restoreRecords({ clients, batches, clock }, signal);

      expect(refused).toEqual([]);
      expect(moved).toEqual([]);
      expect(await content(zone)).toBe(before);
    });

    it('that somebody else changed meanwhile are left alone', async () => {
      const { zone, old, to } = await arrange((name, lb) => [cname(name, lb)]);
      const records = await readRecordSets({ clients, zoneId: zone.id }, signal);
      const { batches } = planRecordChanges({ zone, records, from: [old], to });
      const [first] = records.filter(({ type }) => type === 'CNAME');
      await write(zone, [first!.raw], [{ ...first!.raw, ResourceRecords: [{ Value: 'foreign.example.com' }] }]);
      const foreign = await content(zone);

      await expect(applyRecordChanges({ clients, batch: batches[0]!, clock }, signal)).rejects.toMatchObject({
        code: 'DNS_CONFLICT',
      });
      await expect(restoreRecords({ clients, batches, clock }, signal)).rejects.toMatchObject({ code: 'DNS_CONFLICT' });
      expect(await content(zone)).toBe(foreign);
    });

    it('that are as wanted already are not written again', async () => {
      const { zone } = await arrange((name, lb) => [cname(name, lb)]);
      const [first] = (await readRecordSets({ clients, zoneId: zone.id, name: `www.${zone.name}` }, signal)).map(
        ({ raw }) => raw,
      );

      expect(await write(zone, [], [first!])).toEqual({ zoneId: zone.id, alreadyApplied: true });
    });

    it('come to be in sync', async () => {
      const zone = await createZone(partner, `${unique('z')}.example.net`);
      const { changeId } = await write(zone, [], [cname(zone.name, 'x.example.com')]);

      await waitInSync({ clients, changeId: changeId!, clock, timeoutMs: 3_600_000 }, signal);

      expect(await isInSync({ clients, changeId: changeId! }, signal)).toBe(true);
    });

    const refuses = async (
      after: (zone: string) => RawRecordSet,
      text: RegExp,
      more: (zone: HostedZone) => Partial<RecordBatch> = () => ({}),
    ) => {
      const { zone } = await arrange((name, lb) => [cname(name, lb)]);
      const before = await content(zone);
      const batch = { zoneId: zone.id, zoneName: zone.name, before: [], after: [after(zone.name)], ...more(zone) };

      await expect(applyRecordChanges({ clients, batch, clock }, signal)).rejects.toMatchObject({
        code: 'DNS_REFUSED',
        message: expect.stringMatching(text) as string,
      });
      expect(await content(zone)).toBe(before);
    };

    it('outside the zone are refused', () => refuses(() => cname('example.com', 'x.y'), /is not permitted in zone/));

    notOn('moto', 'accepts an A beside a CNAME')('an A beside a CNAME is refused in Route 53’s words', () =>
      refuses(
        (zone) => ({ ...cname(zone, ''), Type: 'A', ResourceRecords: [{ Value: '192.0.2.1' }] }),
        /conflicting RRSet of type CNAME/,
      ),
    );

    notOn('moto', 'accepts a CNAME at the apex')('a CNAME at the apex is refused', () =>
      refuses(
        (zone) => ({ Name: `${zone}.`, Type: 'CNAME', TTL: 60, ResourceRecords: [{ Value: 'x.y' }] }),
        /apex|conflicts with other records/,
      ),
    );

    notOn('moto', 'accepts a simple set beside a weighted one')('a weighted set beside a simple one is refused', () =>
      refuses((zone) => ({ ...cname(zone, 'x.y'), SetIdentifier: 'a', Weight: 1 }), /non-weighted set exists/),
    );

    notOn('moto', 'looks for no target')('an alias to a balancer that is not there is refused', () =>
      refuses((zone) => alias(`other.${zone}`, 'gone-1.us-east-1.elb.amazonaws.com'), /that target was not found/),
    );

    notOn('moto', 'keeps what came before the bad change')('a batch with one bad change changes nothing', () =>
      refuses(
        (zone) => cname(zone, 'x.y'),
        /is not permitted in zone/,
        (zone) => ({
          after: [alias(`a.${zone.name}`, 'gone.us-east-1.elb.amazonaws.com'), cname('elsewhere.com', 'x.y')],
        }),
      ),
    );
  });

  describe('certificates', () => {
    it('are requested, proved by the records ACM asks for, issued, found usable and deleted', async () => {
      const zone = await createZone(partner, `${unique('z')}.example.com`);
      const domains = [`shop.${zone.name}`, `*.apps.${zone.name}`];

      const { arn, isNew } = await issueCertificate({ clients, domains, idempotencyKey: zone.name }, signal);
      const records = await waitForValidationRecords({ clients, arn, clock }, signal);
      const batches = partner.name === 'sandbox' ? await planValidationRecords({ clients, records }, signal) : [];
      await writeValidationRecords({ clients, batches, clock }, signal);
      const issued = await waitForCertificate({ clients, arn, clock, timeoutMs: 7 * 86_400_000 }, signal);

      expect(isNew).toBe(true);
      expect(issued).toMatchObject({ status: 'issued', domains: expect.arrayContaining(domains) as string[] });
      const usable = await findUsableCertificate(
        { clients, version: '20260421192651', domains: [domains[0]!, `x.apps.${zone.name}`], nowMs: clock.now() },
        signal,
      );
      expect(usable.certificate?.arn).toBe(arn);
      await deleteCertificate({ clients, arn, clock }, signal);
      expect(await findCertificate({ clients, arn }, signal)).toBeUndefined();
    });

    it('are requested once for one set of domains', async () => {
      const domains = [`${unique('once')}.example.com`];

      const first = await issueCertificate({ clients, domains, idempotencyKey: 'one' }, signal);
      const second = await issueCertificate({ clients, domains, idempotencyKey: 'two' }, signal);

      expect(second).toEqual({ arn: first.arn, isNew: false });
      const all = await listCertificates({ clients, covering: domains }, signal);
      expect(all.filter((certificate) => coversAll(certificate, domains))).toHaveLength(1);
    });
  });

  describe('traffic', () => {
    it('is read minute by minute, no figure meaning none', async () => {
      const [name, group] = [unique('shop-web-'), unique('targetgroup/web/')];
      const minuteMs = await partner.countRequests({ LoadBalancerName: name }, 5);
      const newSources = [{ label: 'web', balancerMetricName: 'app/lb/1', targetGroupMetricName: group }];
      const oldSources = [{ label: 'web', kind: 'classic' as const, metricName: name }];

      const reading = await readTraffic(
        { clients, newSources, oldSources, fromMs: minuteMs - 60_000, toMs: minuteMs + 60_000 },
        signal,
      );

      expect(reading.old).toMatchObject([{ requests: 5, requestsPerMinute: [0, 5] }]);
      expect(reading.new).toMatchObject([{ requests: 0, errors: 0 }]);
    });
  });
});
