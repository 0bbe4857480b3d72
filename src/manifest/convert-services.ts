import { DraftMap } from './draft.ts';
import { variablePrefix } from './gen1-types.ts';
import type { Gen1Service } from './gen1-types.ts';
import { RESOURCE_TYPES } from './rack-features.ts';
import type { Fate, ServicePlan, Workspace } from './workspace.ts';

/** Images that are databases, by the last part of their name, and the resource type that can take their place. */
const DATABASES: ReadonlyMap<string, string | undefined> = new Map([
  ['postgres', 'postgres'],
  ['postgresql', 'postgres'],
  ['postgis', 'postgres'],
  ['mysql', 'mysql'],
  ['mysql-server', 'mysql'],
  ['percona', 'mysql'],
  ['mariadb', 'mariadb'],
  ['redis', 'redis'],
  ['valkey', 'valkey'],
  ['memcached', 'memcached'],
  ['rabbitmq', undefined],
  ['elasticsearch', undefined],
  ['opensearch', undefined],
  ['mongo', undefined],
  ['mongodb', undefined],
  ['cassandra', undefined],
  ['influxdb', undefined],
]);

/** The last part of an image name, without registry, tag and digest: `postgres` of `docker.io/convox/postgres:9.6`. */
function imageName(image: string): string {
  const withoutDigest = image.split('@')[0] ?? '';
  return (withoutDigest.split('/').at(-1) ?? '').split(':')[0] ?? '';
}

/** Decides for each service its name in generation 2 and whether it is a service there at all. */
export function planServices(work: Workspace): readonly ServicePlan[] {
  const taken = new Set(work.manifest.services.map(({ name }) => name));
  return work.manifest.services.map((source) => {
    const name = chooseName(work, source, taken);
    taken.add(name);
    const { fate, resourceType } = chooseFate(work, source, name);
    work.mark(source.at, ...fateMark(fate, name, source.name));
    return {
      source,
      name,
      fate,
      resourceType,
      fields: new DraftMap(),
      promisedVariables: new Set<string>(),
      isReachable: false,
      isInternal: false,
      port: undefined,
    };
  });
}

function fateMark(fate: Fate, name: string, gen1Name: string): ['mapped' | 'changed' | 'dropped', string] {
  if (fate === 'resource') return ['changed', `becomes the resource ${name}`];
  if (fate === 'left-out') return ['dropped', 'the service is left out'];
  return name === gen1Name ? ['mapped', 'service'] : ['changed', `service ${name}`];
}

const NAME_RULE = /^[a-z][a-z0-9-]*$/;

/** Racks from 20210217150446 refuse other names; before, they would break host names. */
function chooseName(work: Workspace, source: Gen1Service, taken: ReadonlySet<string>): string {
  const { name } = source;
  const isFree = (candidate: string): boolean => NAME_RULE.test(candidate) && !taken.has(candidate);
  if (NAME_RULE.test(name)) return name;
  const lower = name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
  const proposal = /^[a-z]/.test(lower) ? lower : `app-${lower.replace(/^-+/, '')}`;
  const chosen = work.settle({
    id: `${name}.name`,
    service: name,
    at: source.at,
    code: 'name-invalid',
    question: `What is service ${name} called in generation 2? Lower-case letters, digits and dashes, a letter first.`,
    accepts: isFree,
    fallback: isFree(proposal) ? proposal : undefined,
    message: `Generation 2 does not accept the service name ${name}.`,
    hint: 'Host names and link variables of the service change with its name.',
    whenDefault: proposal === name.toLowerCase() ? 'change' : 'choice',
  });
  return chosen ?? proposal;
}

function chooseFate(
  work: Workspace,
  source: Gen1Service,
  name: string,
): { fate: Fate; resourceType: string | undefined } {
  const image = source.image === undefined ? '' : imageName(source.image.value);
  if (DATABASES.has(image)) return chooseDatabase(work, source, { newName: name, type: DATABASES.get(image) });
  if (work.formation(source.name)?.count === -1) return { fate: chooseDisabled(work, source), resourceType: undefined };
  return { fate: 'service', resourceType: undefined };
}

function chooseDisabled(work: Workspace, source: Gen1Service): Fate {
  const chosen = work.settle({
    id: `${source.name}.disabled`,
    service: source.name,
    at: source.at,
    code: 'service-disabled',
    question: `Service ${source.name} is disabled (scale -1). Leave it out, or keep it with scale 0?`,
    options: ['leave-out', 'scale-0'],
    fallback: source.crons.length > 0 ? 'scale-0' : 'leave-out',
    message: `Service ${source.name} is scaled to -1.`,
    hint: 'Keep it with scale 0 if timers or one-off commands use it.',
  });
  return chosen === 'leave-out' ? 'left-out' : 'service';
}

/** A database image: its data must never be lost sight of, so without evidence somebody has to say where it is. */
function chooseDatabase(
  work: Workspace,
  source: Gen1Service,
  { newName, type }: { newName: string; type: string | undefined },
): { fate: Fate; resourceType: string | undefined } {
  const { name } = source;
  const url = `${variablePrefix(name)}_URL`;
  const count = work.formation(name)?.count;
  const isDisabled = count !== undefined && count <= 0;
  const hasUrl = work.envNames?.has(url) ?? false;
  const since = type === undefined ? undefined : RESOURCE_TYPES.get(type);
  const isAvailable = since !== undefined && work.has(since);
  const why = hasUrl ? `the app environment has ${url}` : `it is scaled to ${String(count)}`;
  const chosen = work.settle({
    id: `${name}.database`,
    service: name,
    at: source.image?.at ?? source.at,
    code: hasUrl || isDisabled ? 'resource-external' : 'data-not-migrated',
    question: `Where is the data of ${name}? external: elsewhere, reached by ${url} of the app environment. resource: make a new, empty resource.`,
    options: isAvailable ? ['external', 'resource'] : ['external'],
    fallback: hasUrl || isDisabled ? 'external' : undefined,
    message:
      hasUrl || isDisabled
        ? `${name} is a database container that is not in use: ${why}.`
        : `${name} is a database container, and its data lives in the container.`,
    hint: `A resource starts empty: dump and restore the data. An external database needs ${url} in the app environment.`,
    whenDefault: 'change',
  });
  if (chosen !== 'resource' && !isAvailable && !hasUrl && !isDisabled) sayNoType(work, source, type);
  if (chosen === 'resource' && type !== undefined) {
    addResource(work, source, { resource: newName, type, url, hasUrl });
    reportLostTimers(work, source);
    return { fate: 'resource', resourceType: type };
  }
  if (chosen === 'external' && !hasUrl && !isDisabled) needUrl(work, source, url);
  reportLostTimers(work, source);
  return { fate: 'left-out', resourceType: undefined };
}

function sayNoType(work: Workspace, source: Gen1Service, type: string | undefined): void {
  work.say('info', 'resource-type-unsupported', {
    service: source.name,
    at: source.image?.at ?? source.at,
    message: `Rack ${work.rack.version} has no resource for the image of ${source.name}${type === undefined ? '' : ` (${type})`}.`,
    hint: 'Run the database elsewhere and set its URL in the app environment.',
  });
}

function addResource(
  work: Workspace,
  source: Gen1Service,
  { resource, type, url, hasUrl }: { resource: string; type: string; url: string; hasUrl: boolean },
): void {
  const { name, at } = source;
  work.resources.set(resource, new DraftMap().set('type', type), `Decided: ${name}.database = resource. Starts empty.`);
  const message = `${name} becomes a new, empty ${type} resource.`;
  work.say('change', 'resource-created', {
    service: name,
    at,
    message,
    hint: 'Deleting an app deletes its resources, the temporary app too: deploy it after the migration, or make it a resource of the rack.',
  });
  work.say('choice', 'data-not-migrated', {
    service: name,
    at,
    message: `The data of ${name} is not carried over to the resource.`,
    hint: 'Dump it from the container and restore it into the resource before the cutover.',
  });
  if (hasUrl) {
    work.say('choice', 'resource-shadowed-by-env', {
      service: name,
      at,
      message: `The app environment has ${url}, which wins over the URL of the new resource.`,
      hint: `Remove ${url} from the app environment, or answer ${name}.database: external.`,
    });
  }
  if (name.includes('-') && !work.has('dashesInVariables')) {
    work.say('blocker', 'link-vars-lost', {
      service: name,
      at,
      message: `On rack ${work.rack.version} the resource gives ${name.toUpperCase()}_URL, not ${url}.`,
      hint: `Answer ${name}.database: external and set ${url} in the app environment.`,
    });
  }
}

function needUrl(work: Workspace, source: Gen1Service, url: string): void {
  const isKnown = work.envNames !== undefined;
  work.promisedVariables.add(url);
  work.say(isKnown ? 'blocker' : 'choice', 'env-required-missing', {
    service: source.name,
    at: source.at,
    message: `${source.name} is external, but ${url} is not known to be in the app environment.`,
    hint: `Set ${url} in the app environment, then convert again.`,
  });
}

function reportLostTimers(work: Workspace, source: Gen1Service): void {
  for (const { name, at } of source.crons) {
    work.settle({
      id: `${source.name}.timer.${name}`,
      service: source.name,
      at,
      code: 'timer-lost',
      question: `The timer ${name} runs in ${source.name}, which is no service any more. Drop the timer?`,
      options: ['drop'],
      message: `The timer ${name} runs in the database container ${source.name}, which is no service any more.`,
      hint: 'Move the label to another service.',
    });
  }
}
