/** How a step of a migration is made to fail, honestly: by what rack, AWS, apps, disks and other people do. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ErrorCode } from '../../../src/errors.ts';
import { startTraffic } from '../../../src/sandbox/network/traffic/start-traffic.ts';
import { SHOP_FILES } from '../../../src/sandbox/scenario/shop-source.ts';
import type { FaultRequest } from '../../../src/sandbox/faults.ts';
import type { Program } from '../../../src/sandbox/model/compute.ts';
import type { ShopMigration } from '../../support/shop-migration.ts';

const signal = new AbortController().signal;

/** Ends a trouble. */
export type End = () => void | Promise<void>;

/** What goes wrong from the moment a step has started. */
export interface Trouble {
  readonly says: string;
  /** The step's error, or what it may be, where two watch for the same. */
  readonly code: ErrorCode | readonly ErrorCode[];
  start(shop: ShopMigration): End;
  /** The step with which it starts; default: the one that fails. */
  readonly from?: string;
  /** True when requests hang: the clients then wait a second for an answer instead of a minute. */
  readonly isSilent?: boolean;
}

/** `rack POST /apps`, `route53 ChangeResourceRecordSets`: the beginning is enough. */
export function at(request: string): (seen: FaultRequest) => boolean {
  return ({ service, operation }) => `${service} ${operation}`.startsWith(request);
}

/** AWS or the rack refuses, for good. */
export function refusal(request: string, code: ErrorCode): Trouble {
  const matches = at(request);
  return {
    says: `${request} is refused`,
    code,
    start: ({ sandbox }) => {
      const isRack = request.startsWith('rack');
      return sandbox.world.faults.add((seen) => {
        if (!matches(seen)) return undefined;
        return isRack ? { type: 'error', status: 403 } : { type: 'deny' };
      });
    },
  };
}

/** What was begun gets no further. */
export function standstill(code: ErrorCode = 'TIMED_OUT'): Trouble {
  return { says: 'nothing gets on', code, start: ({ sandbox }) => sandbox.world.clock.standStill() };
}

/** Requests are never answered. */
export function silence(request: string, code: ErrorCode): Trouble {
  const matches = at(request);
  return {
    ...{ says: `${request} is never answered`, code, isSilent: true },
    start: ({ sandbox }) => {
      let release = (): void => undefined;
      const until = new Promise<void>((resolve) => (release = resolve));
      const remove = sandbox.world.faults.add((seen) => (matches(seen) ? { type: 'hold', until } : undefined));
      return () => {
        remove();
        release();
      };
    },
  };
}

/** The next operation on a resource fails, and its stack goes back. */
export function resourceFails(stack: string, logicalId: string, code: ErrorCode): Trouble {
  return {
    says: `${logicalId} of ${stack} cannot be made`,
    code,
    start: ({ sandbox }) => {
      sandbox.world.cloudFormation.failNext(stack, logicalId, 'a quota is reached');
      return () => undefined;
    },
  };
}

/** A resource of the stack cannot be deleted, however often it is tried. */
export function undeletable(stack: string): Trouble {
  return {
    says: `${stack} cannot be deleted`,
    code: 'APP_DELETE_FAILED',
    start: ({ sandbox }) => {
      const { cloudFormation } = sandbox.world;
      const { arn } = cloudFormation.find(stack) ?? { arn: stack };
      const remove = cloudFormation.deleteStack.bind(cloudFormation);
      cloudFormation.deleteStack = (nameOrArn) => {
        if (cloudFormation.find(nameOrArn)?.arn === arn) {
          cloudFormation.failNext(stack, 'LogGroup', 'the group is in use');
        }
        remove(nameOrArn);
      };
      return () => {
        cloudFormation.deleteStack = remove;
      };
    },
  };
}

/** Begins with the first such request, which is held until the minutes that CloudWatch counts hold nothing else. */
export function withRequest(request: string, trouble: Trouble): Trouble {
  const matches = at(request);
  const lastsMs = 2 * 60_000;
  return {
    ...trouble,
    start: (shop) => {
      let end: End | undefined;
      const remove = shop.sandbox.world.faults.add((seen) => {
        if (!matches(seen) || end !== undefined) return undefined;
        end = trouble.start(shop);
        return { type: 'hold', until: shop.sandbox.world.clock.sleep(lastsMs, signal) };
      });
      return async () => {
        remove();
        await end?.();
      };
    },
  };
}

/** Real seconds: a simulated minute must hold more requests than CloudWatch's share is judged by, on a busy machine too. */
const BUSY_PER_SECOND = 400;

/** An app behaves badly while people use it. */
export function badApp(app: string, change: Partial<Program>, code: Trouble['code']): Trouble {
  return {
    says: `${app} does not do its work`,
    code,
    start: ({ sandbox }) => {
      const remove = sandbox.world.faults.programs.add({ app }, change);
      const traffic = startTraffic({
        endpoints: sandbox.endpoints,
        clock: sandbox.world.clock,
        ratePerSecond: BUSY_PER_SECOND,
        targets: [{ host: 'shop.example.com', scheme: 'https', path: '/', view: 'public', app: 'shop' }],
      });
      return async () => {
        remove();
        await traffic.stop();
      };
    },
  };
}

export const UNHEALTHY: Partial<Program> = { statusByPath: { '/health': 500 } };
export const FAILING: Partial<Program> = { errorShare: 0.5 };

/** Somebody else sets variables of an app right after we did. */
export function otherEnvironment(app: string): Trouble {
  return {
    says: `somebody else changes the environment of ${app}`,
    code: 'ENVIRONMENT_MISMATCH',
    start: ({ sandbox, connection }) => {
      let next: 'set' | 'read' | 'none' = 'set';
      return sandbox.world.faults.add((seen) => {
        if (next === 'set' && at(`rack POST /apps/${app}/releases`)(seen)) next = 'read';
        else if (next === 'read' && at(`rack GET /apps/${app}/releases`)(seen)) {
          next = 'none';
          const changed = connection.rack.environment.set(app, new Map([['SOMEBODY', 'else']]), signal);
          return { type: 'hold', until: changed.then(() => undefined) };
        }
        return undefined;
      });
    },
  };
}

/** Somebody else edits a record between our look and our change, and takes the edit back later. */
export function otherRecord(name: string): Trouble {
  return {
    says: `somebody else edits ${name}`,
    code: 'DNS_CONFLICT',
    start: ({ sandbox: { world } }) => {
      const zone = [...world.route53.zones.values()].find(
        ({ isPrivate, recordSets }) => !isPrivate && recordSets.some((set) => set.name === name),
      );
      const original = zone?.recordSets.find((set) => set.name === name);
      if (zone === undefined || original === undefined) throw new Error(`no record ${name}`);
      const edit = (ttl: number | undefined): unknown =>
        world.route53.change(zone.id, [
          { action: 'UPSERT', recordSet: { ...original, ...(ttl === undefined ? {} : { ttl }) } },
        ]);
      const remove = world.faults.add((seen) => {
        if (!at('route53 ChangeResourceRecordSets')(seen)) return undefined;
        remove();
        edit(77);
        return undefined;
      });
      return () => {
        remove();
        edit(original.ttl);
      };
    },
  };
}

/** The build cannot be made from this source. */
export function brokenSource(): Trouble {
  const file = 'web/program.json';
  return {
    says: 'the source does not build',
    code: 'BUILD_FAILED',
    start: ({ settings }) => {
      writeFileSync(join(settings.sourceFolder, file), '{"bootSeconds": "soon"}');
      return () => writeFileSync(join(settings.sourceFolder, file), SHOP_FILES.get(file) ?? '');
    },
  };
}

/** Something stands where the exports are to go. */
export function blockedFolder(): Trouble {
  return {
    says: 'the export folder cannot be made',
    code: 'STATE_UNWRITABLE',
    start: ({ request, events }) => {
      const started = events.findLast(({ type }) => type === 'execution-started');
      const { location } = request.exportTo(started?.type === 'execution-started' ? started.execution : '');
      mkdirSync(dirname(location), { recursive: true });
      writeFileSync(location, '');
      return () => rmSync(location);
    },
  };
}

/** ACM will not issue for this domain. */
export function certificateFails(domain: string): Trouble {
  return {
    says: `no certificate for ${domain}`,
    code: 'CERTIFICATE_FAILED',
    start: ({ sandbox: { world } }) => {
      world.acm.failures.set(domain, 'DOMAIN_NOT_ALLOWED');
      return () => void world.acm.failures.delete(domain);
    },
  };
}

/** Somebody else puts the names back to where they led as soon as we have moved them. */
export function switchedBack(): Trouble {
  return {
    ...{ says: 'somebody else puts the records back', code: 'TIMED_OUT', from: 'switch-records' },
    start: ({ sandbox: { world } }) => {
      const zones = [...world.route53.zones.values()].map((zone) => ({ zone, before: zone.recordSets }));
      const putBack = async (): Promise<void> => {
        const changes = zones.flatMap(({ zone, before }) => {
          const moved = before.filter((set) => !zone.recordSets.some((now) => isDeepStrictEqual(now, set)));
          if (moved.length === 0) return [];
          const upserts = moved.map((recordSet) => ({ action: 'UPSERT', recordSet }) as const);
          return [world.route53.change(zone.id, upserts)];
        });
        while (changes.some(({ status }) => status === 'PENDING')) await world.clock.sleep(1000, signal);
      };
      const remove = world.faults.add((seen) => {
        // Asked for the first time when it is looked whether the zone's servers have the change.
        if (!at('route53 GetHostedZone')(seen)) return undefined;
        remove();
        return { type: 'hold', until: putBack() };
      });
      return remove;
    },
  };
}

/** ACM gives up on the certificates that were requested. */
export function validationFails(): Trouble {
  return {
    ...{ says: 'the validation fails', code: 'CERTIFICATE_FAILED' },
    start: ({ sandbox: { world } }) => {
      for (const certificate of world.acm.certificates.values()) {
        if (certificate.tags.get('ManagedBy') === 'convox-gen2') certificate.status = 'FAILED';
      }
      return () => undefined;
    },
  };
}
