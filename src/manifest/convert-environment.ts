import type { FindingCode, Place } from './finding.ts';
import type { Gen1Variable } from './gen1-types.ts';
import { isReservedVariable } from './rack-features.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/**
 * `environment`: generation 1 gives every app variable to every service, generation 2 only the names on the list.
 * On racks with `*` the list is exact; on older ones the names of the app environment are written out.
 */
export function convertEnvironment(work: Workspace, plan: ServicePlan): void {
  const variables = declaredOnce(work, plan).filter((variable) => !isLinkOverride(work, plan, variable));
  const listed = new Map<string, string>();
  for (const variable of variables) {
    const entry = convertVariable(work, plan, variable);
    if (entry !== undefined) listed.set(variable.name, entry);
  }
  if (!work.has('environmentWildcard')) {
    for (const name of plan.promisedVariables) if (!listed.has(name)) listed.set(name, name);
  }
  if (processWanted(work)) listed.set('PROCESS', `PROCESS=${plan.source.name}`);
  const entries = complete(work, plan, listed);
  if (entries.length > 0) plan.fields.set('environment', entries);
  reportSecure(work, plan);
}

/** The last declaration of each name; Go sorts the list and the later of two equal names wins. */
function declaredOnce(work: Workspace, { source }: ServicePlan): readonly Gen1Variable[] {
  const byName = new Map<string, Gen1Variable>();
  for (const variable of source.environment) {
    const earlier = byName.get(variable.name);
    if (earlier !== undefined) {
      work.mark(earlier.at, 'dropped', 'declared again later');
      work.say('change', 'env-duplicate', {
        service: source.name,
        at: earlier.at,
        message: `${source.name} declares ${variable.name} twice; the last one is taken.`,
        hint: 'Remove the one that is not meant.',
      });
      byName.delete(variable.name);
    }
    byName.set(variable.name, variable);
  }
  return [...byName.values()];
}

const LINK_OVERRIDES = new Set(['LINK_SCHEME', 'LINK_PORT', 'LINK_PATH', 'LINK_USERNAME', 'LINK_PASSWORD']);

/** LINK_* shape the variables other services get from a link; they mean nothing in generation 2. */
function isLinkOverride(work: Workspace, { source }: ServicePlan, { name, at }: Gen1Variable): boolean {
  if (!LINK_OVERRIDES.has(name)) return false;
  work.mark(at, 'impossible', 'links have only a URL');
  work.say('change', 'link-overrides-dropped', {
    service: source.name,
    at,
    message: `${name} of ${source.name} shaped link variables and is left out: links have only a URL in generation 2.`,
    hint: 'Services that link here take the scheme, port and path from the new URL.',
  });
  return true;
}

/** The list entry of one declared variable; undefined if it needs none. */
function convertVariable(work: Workspace, plan: ServicePlan, variable: Gen1Variable): string | undefined {
  const { name, value, at } = variable;
  const service = plan.source.name;
  const say = (severity: 'info' | 'change' | 'choice', code: FindingCode, message: string, hint: string): void =>
    work.say(severity, code, { service, at, message, hint });
  if (isReservedVariable(name)) {
    work.mark(at, 'impossible', 'the rack sets it itself');
    say(
      'change',
      'env-reserved',
      `${name} is a name the rack keeps for itself; ${service} gets the rack's value.`,
      'Use another name in the app.',
    );
    return undefined;
  }
  const inApp = work.envNames?.has(name);
  if (inApp === true) {
    work.mark(at, 'mapped', 'the app environment has it');
    const keepsDefault =
      value !== undefined && value !== '' && (!value.includes('=') || work.has('defaultsWithEquals'));
    return keepsDefault ? `${name}=${value}` : work.has('environmentWildcard') ? undefined : name;
  }
  if (value === undefined) return convertRequired(work, plan, { name, at });
  if (value === '') return convertEmpty(work, plan, { name, at });
  if (value.includes('=') && !work.has('defaultsWithEquals')) return settleEquals(work, plan, { name, at });
  work.mark(at, 'mapped', 'default value');
  return `${name}=${value}`;
}

interface NamedPlace {
  readonly name: string;
  readonly at: Place;
}

/** A bare name did nothing on AWS before; in generation 2 build and promote fail when it is not set. */
function convertRequired(work: Workspace, { source }: ServicePlan, { name, at }: NamedPlace): string | undefined {
  const hasWildcard = work.has('environmentWildcard');
  const isKnown = work.envNames !== undefined;
  const keep = !hasWildcard && !isKnown;
  work.mark(
    at,
    keep ? 'mapped' : 'changed',
    keep ? 'required' : 'left out, because a required name that is not set fails the build',
  );
  work.say(keep ? 'choice' : hasWildcard && !isKnown ? 'info' : 'change', 'env-required-missing', {
    service: source.name,
    at,
    message: keep
      ? `${source.name} requires ${name}: the build fails unless the app environment has it.`
      : `${name} of ${source.name} is ${isKnown ? 'not' : 'perhaps not'} in the app environment, and is left out of the list.`,
    hint: keep
      ? `Set ${name}, or name the running app so that its variables are known.`
      : hasWildcard
        ? 'With "*" it is delivered as soon as it is set.'
        : `Set it before converting, or write "${name}=" to have it delivered later (empty until then).`,
  });
  return keep ? name : undefined;
}

/** `NAME=` left the variable unset; generation 2 would set it to nothing. */
function convertEmpty(work: Workspace, { source }: ServicePlan, { name, at }: NamedPlace): string | undefined {
  const keep = !work.has('environmentWildcard') && work.envNames === undefined;
  work.mark(at, keep ? 'changed' : 'mapped', keep ? 'empty instead of unset' : 'unset, as before');
  work.say(keep ? 'choice' : 'info', 'env-empty-default', {
    service: source.name,
    at,
    message: keep
      ? `${name}= left ${name} of ${source.name} unset; it is now empty unless the app environment has it.`
      : `${name}= left ${name} of ${source.name} unset, and it stays so: the entry is left out.`,
    hint: keep ? 'Name the running app so that its variables are known.' : 'Nothing to do.',
  });
  return keep ? `${name}=` : undefined;
}

/** Racks before 20250325115244 lose a default that holds "=". */
function settleEquals(work: Workspace, { source }: ServicePlan, { name, at }: NamedPlace): string | undefined {
  const chosen = work.settle({
    id: `${source.name}.environment.${name}`,
    service: source.name,
    at,
    code: 'env-equals-default',
    question: `Will ${name} be set in the app environment?`,
    options: ['in-app-env', 'drop'],
    message: `Rack ${work.rack.version} loses the default of ${name} of ${source.name}, because it holds "=".`,
    hint: `Set ${name} in the app environment to the default's value.`,
  });
  work.mark(
    at,
    chosen === undefined ? 'decision' : chosen === 'drop' ? 'impossible' : 'changed',
    'a default with "=" is lost',
  );
  if (chosen !== 'in-app-env') return undefined;
  work.promisedVariables.add(name);
  return work.has('environmentWildcard') ? undefined : name;
}

/** Adds what the manifest does not declare: everything, in one way or the other. */
function complete(work: Workspace, { source }: ServicePlan, listed: ReadonlyMap<string, string>): readonly string[] {
  if (work.has('environmentWildcard')) return ['*', ...listed.values()];
  const names = work.envNames;
  if (names !== undefined) {
    const others = [...names].filter((name) => !listed.has(name) && !isReservedVariable(name)).toSorted();
    return [...listed.values(), ...others];
  }
  if (listed.size === 0 && work.has('emptyEnvironmentIsAll')) return [];
  work.settle({
    id: 'environment',
    at: source.at,
    code: 'env-undeclared',
    question: 'Do the services need only the variables they declare?',
    options: ['declared-only'],
    message: `Rack ${work.rack.version} delivers only listed variables, and the names in the app environment are not known.`,
    hint: 'Name the running app, so that all its variables are listed.',
  });
  return [...listed.values()];
}

function processWanted(work: Workspace): boolean {
  return work.decisions.find(PROCESS_ID)?.chosen === 'add';
}

const PROCESS_ID = 'environment.PROCESS';

/** What is said once about the environment of the whole app; asked before the services are converted. */
export function reportAppEnvironment(work: Workspace): void {
  const [first] = work.manifest.services;
  if (first === undefined) return;
  work.settle({
    id: PROCESS_ID,
    at: first.at,
    code: 'env-process',
    question: 'Do programs read PROCESS, the service name? add: give it to each service as a default.',
    options: ['add', 'leave-out'],
    fallback: 'leave-out',
    message: 'Generation 1 sets PROCESS to the service name; generation 2 does not.',
    hint: 'Look for PROCESS in the source.',
    whenAnswered: 'info',
    whenDefault: 'change',
  });
  const names = work.envNames;
  if (names === undefined) return;
  const reserved = [...names].filter(isReservedVariable);
  if (reserved.length > 0) {
    const message = `The app environment sets ${reserved.join(', ')}, which the rack keeps for itself; services may get the rack's value.`;
    work.say('change', 'env-reserved', { message, hint: 'Use other names in the app.' });
  }
  reportUndeclared(work, names);
}

function reportUndeclared(work: Workspace, names: ReadonlySet<string>): void {
  const declared = new Set(work.manifest.services.flatMap((service) => service.environment.map(({ name }) => name)));
  const undeclared = [...names].filter((name) => !declared.has(name) && !isReservedVariable(name));
  if (undeclared.length === 0) return;
  const hasWildcard = work.has('environmentWildcard');
  work.say(hasWildcard ? 'info' : 'change', 'env-undeclared', {
    message: `${undeclared.length} variables of the app environment are not declared in the manifest; ${hasWildcard ? '"*" delivers them' : 'they are listed for every service'}.`,
    hint: hasWildcard
      ? 'Nothing to do.'
      : 'A variable that is added later reaches a service only once the manifest lists it.',
  });
}

function reportSecure(work: Workspace, { source }: ServicePlan): void {
  const label = source.labels.get('convox.environment.secure');
  if (label === undefined) return;
  const isOn = label.value === 'true';
  work.mark(
    label.at,
    isOn ? 'changed' : 'dropped',
    isOn ? 'values are never in the task' : 'only "true" has an effect',
  );
  if (!isOn) return;
  work.say('change', 'env-secure', {
    service: source.name,
    at: label.at,
    message: `${source.name} fetched its variables through SECURE_ENVIRONMENT_URL, _TYPE and _KEY, which do not exist any more; it now gets the variables themselves.`,
    hint: 'Remove the fetching tool from the start-up of the image.',
  });
}
