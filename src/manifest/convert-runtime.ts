import { DraftMap } from './draft.ts';
import { hasBalancer, isAgent } from './gen1-types.ts';
import { GEN1_HOST_PATHS, HOST_PATHS } from './rack-features.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/** `scale`, `privileged`, `volumes` and `extra_hosts`: what a task runs with. */
export function convertRuntime(work: Workspace, plan: ServicePlan): void {
  convertScale(work, plan);
  convertPrivileged(work, plan);
  convertVolumes(work, plan);
  convertExtraHosts(work, plan);
}

/** The numbers of the running app; `mem_limit` and `cpu_shares` never reached AWS. */
function convertScale(work: Workspace, plan: ServicePlan): void {
  const { source, fields } = plan;
  const formation = work.formation(source.name);
  const limits = [source.memoryLimit, source.cpuShares].filter((limit) => limit !== undefined);
  const memoryLimit = source.memoryLimit?.value ?? 0;
  const memory = formation?.memory ?? Math.floor(memoryLimit / 1024 / 1024);
  const cpu = formation?.cpu ?? source.cpuShares?.value ?? 0;
  const at = limits[0]?.at ?? source.at;
  for (const limit of limits) {
    const isUsed = formation === undefined && limit.value > 0 && work.has('scaleResources');
    work.mark(limit.at, isUsed ? 'changed' : 'dropped', isUsed ? 'initial scale' : 'it never reached AWS');
  }
  const scale = new DraftMap();
  if (formation !== undefined && !isAgent(source)) scale.set('count', Math.max(0, formation.count));
  if (work.has('scaleResources')) {
    if (cpu > 0) scale.set('cpu', cpu);
    // Between these releases memory without cpu is overwritten by 256.
    else if (memory > 0 && work.has('memoryNeedsCpuFrom') && !work.has('memoryNeedsCpuUntil')) scale.set('cpu', 128);
    if (memory > 0) scale.set('memory', memory);
  }
  const [only] = scale.entries();
  if (only?.key === 'count' && scale.size === 1) fields.set('scale', only.value);
  else if (scale.size > 0) fields.set('scale', scale);
  reportScale(work, plan, { at, memory, cpu, isFromFormation: formation !== undefined });
}

interface ScaleFacts {
  readonly at: ServicePlan['source']['at'];
  readonly memory: number;
  readonly cpu: number;
  readonly isFromFormation: boolean;
}

function reportScale(work: Workspace, { source }: ServicePlan, { at, memory, cpu, isFromFormation }: ScaleFacts): void {
  if (memory === 0 && cpu === 0 && !isFromFormation) return;
  const service = source.name;
  if (!work.has('scaleResources')) {
    work.say(isFromFormation ? 'change' : 'info', 'scale-ignored-on-rack', {
      service,
      at,
      message: `Rack ${work.rack.version} ignores cpu and memory in the manifest (128 and 256 at first)${isFromFormation ? `; ${service} runs with ${cpu} and ${memory}` : ''}.`,
      hint: 'Set them with convox scale after the first deployment.',
    });
    return;
  }
  work.say(isFromFormation ? 'info' : 'choice', isFromFormation ? 'scale-from-formation' : 'scale-from-manifest', {
    service,
    at,
    message: isFromFormation
      ? `Count, cpu and memory of ${service} are those of the running app; cpu and memory are the initial values only.`
      : `mem_limit and cpu_shares of ${service} never reached AWS; they become the initial scale.`,
    hint: isFromFormation ? 'Nothing to do.' : 'Name the running app, to take the numbers it really runs with.',
  });
}

function convertPrivileged(work: Workspace, { source, fields }: ServicePlan): void {
  if (source.isPrivileged === undefined) return;
  const { value, at } = source.isPrivileged;
  if (!value) {
    work.mark(at, 'mapped', 'false is the default');
    return;
  }
  if (work.has('privileged')) {
    work.mark(at, 'mapped', 'privileged');
    fields.set('privileged', true);
    return;
  }
  const chosen = work.settle({
    id: `${source.name}.privileged`,
    service: source.name,
    at,
    code: 'privileged-unsupported',
    question: `Does ${source.name} work without privileged?`,
    options: ['drop'],
    message: `Rack ${work.rack.version} ignores privileged; ${source.name} would run without it.`,
    hint: 'Update the rack to 20181212203703 or later.',
  });
  work.mark(at, chosen === undefined ? 'decision' : 'impossible', 'no privileged on this rack');
}

function convertVolumes(work: Workspace, { source, fields }: ServicePlan): void {
  const kept: string[] = [];
  for (const { value, at } of source.volumes) {
    const parts = value.split(':');
    const [from = ''] = parts;
    if (parts.length > 2 || !from.startsWith('/')) {
      work.mark(at, 'dropped', 'generation 1 ignored it');
      work.say('info', 'volume-dropped', {
        service: source.name,
        at,
        message: `Generation 1 ignored this volume of ${source.name} (${parts.length > 2 ? 'three parts' : 'a source that is not absolute'}); it is left out.`,
        hint: 'Nothing to do.',
      });
      continue;
    }
    if (keepVolume(work, source.name, { from, at })) kept.push(value);
  }
  if (kept.length > 0) fields.set('volumes', [...new Set(kept)]);
}

function keepVolume(
  work: Workspace,
  service: string,
  { from, at }: { from: string; at: ServicePlan['source']['at'] },
): boolean {
  const since = HOST_PATHS.get(from);
  const isHostPathNow = since !== undefined && work.has(since);
  if (GEN1_HOST_PATHS.has(from)) {
    if (isHostPathNow) {
      work.mark(at, 'mapped', 'the same path of the host');
      return true;
    }
    const chosen = work.settle({
      id: `${service}.volume.${from}`,
      service,
      at,
      code: 'host-path-unsupported',
      question: `Does ${service} work without ${from} of the host?`,
      options: ['drop'],
      message: `Rack ${work.rack.version} mounts an empty directory for ${from}, not the path of the host.`,
      hint: 'Update the rack to 20180823153803 or later.',
    });
    work.mark(at, chosen === undefined ? 'decision' : 'impossible', 'not a host path on this rack');
    return false;
  }
  if (isHostPathNow) {
    const chosen = work.settle({
      id: `${service}.volume.${from}`,
      service,
      at,
      code: 'host-path-exposed',
      question: `${from} was a directory of the app and would now be that path of the host. Keep the volume?`,
      options: ['keep', 'drop'],
      message: `${from} of ${service} was a directory of the app; generation 2 mounts the real path of the host.`,
      hint: 'Use another source path, if the directory of the app is meant.',
    });
    work.mark(
      at,
      chosen === undefined ? 'decision' : chosen === 'keep' ? 'changed' : 'impossible',
      'a real host path now',
    );
    return chosen === 'keep';
  }
  work.mark(at, 'changed', 'another directory of the host, shared by all services');
  work.say('choice', 'volume-moved', {
    service,
    at,
    message: `${from} of ${service} is another, empty directory in generation 2, and services with the same path share it.`,
    hint: 'Copy the data, if it must survive: it lies under /volumes/RACK-APP/SERVICE on the instances, and moves to /volumes/APP.',
  });
  return true;
}

function convertExtraHosts(work: Workspace, { source }: ServicePlan): void {
  if (source.extraHosts === undefined) return;
  const { at } = source.extraHosts;
  const chosen = work.settle({
    id: `${source.name}.extra_hosts`,
    service: source.name,
    at,
    code: 'extra-hosts',
    question: `Are the extra hosts of ${source.name} in DNS or in its image now?`,
    options: ['not-needed'],
    message: `Generation 2 has no extra_hosts; ${source.name} would not resolve these names.`,
    hint: 'Put the names in DNS (a private zone), or write them to /etc/hosts when the container starts.',
  });
  work.mark(at, chosen === undefined ? 'decision' : 'impossible', 'no extra hosts');
}

/** True if connections of the service go through a balancer of generation 2. */
export function isBalanced(plan: ServicePlan): boolean {
  return plan.port !== undefined && hasBalancer(plan.source);
}
