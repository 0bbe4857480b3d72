import type { Gen2Manifest, Gen2Resource, Gen2Service } from '../../manifest/gen2-types.ts';
import type { Finding } from '../plan.ts';

/** What these hold can be made anew; whether the app bears that is its owner's to know. */
const CACHES: ReadonlySet<string> = new Set(['memcached', 'redis']);

/**
 * What it means that two apps of one manifest stand side by side, first old and temporary, then temporary and final, and
 * that the temporary one is deleted with all that is its own.
 */
export function twoAppsFindings({ services, timers, resources }: Gen2Manifest): readonly Finding[] {
  const workers = services.filter(runsUnasked).map(({ name }) => name);
  return [
    ...resources.map(resourceFinding),
    ...(timers.length > 0
      ? [
          runsTwice(
            'timer',
            timers.map(({ name }) => name),
          ),
        ]
      : []),
    ...(workers.length > 0 ? [runsTwice('service', workers)] : []),
  ];
}

/** Without requests from a balancer a service works on what it finds by itself. */
function runsUnasked({ port, nlbPorts }: Gen2Service): boolean {
  return port === undefined && nlbPorts.length === 0;
}

function resourceFinding({ name, type, at }: Gen2Resource): Finding {
  const isCache = CACHES.has(type);
  return {
    code: 'resource-in-manifest',
    severity: isCache ? 'warning' : 'blocker',
    where: `convox.yml:${at.line}:${at.column}`,
    message:
      `${name} (${type}) belongs to the app that is deployed: the temporary app gets one of its own, which is deleted ` +
      `with it and with what was written to it, and the final app another one, which is empty`,
    hint: isCache
      ? 'If the app cannot do without what is in it, take it out of convox.yml for the migration and give its URL in the environment.'
      : `Take it out of convox.yml for the migration: make ${name} a resource of the rack, or have it elsewhere, and give its URL in the environment.`,
  };
}

function runsTwice(what: 'timer' | 'service', names: readonly string[]): Finding {
  const [verb, they] = names.length === 1 ? ['runs', 'it'] : ['run', 'they'];
  return {
    code: `${what}-runs-twice`,
    severity: 'warning',
    where: `${what} ${names.join(', ')}`,
    message: `${names.join(', ')} ${verb} in both apps while two of them stand side by side: from the promotion of the temporary app on, until it is deleted`,
    hint:
      what === 'timer'
        ? `Unless ${they} may do ${names.length === 1 ? 'its' : 'their'} work twice, let the command take a lock, or take the timers out of convox.yml and deploy them after the migration.`
        : `What must run only once at a time (a scheduler) must take a lock, or be scaled to 0 in one of the two apps. Workers of a queue share it.`,
  };
}
