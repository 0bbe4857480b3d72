import type { FindingList, Severity } from './finding.ts';
import type { Gen2Manifest, Gen2Service } from './gen2-types.ts';
import { FEATURES, HOST_PATHS, supports } from './rack-features.ts';
import type { Feature } from './rack-features.ts';

interface Gate {
  readonly key: string;
  readonly feature: Feature;
  readonly severity: Severity;
  /** What an older rack does. */
  readonly before: string;
}

/** What happens to a key of a service on a rack that is older than it. */
const SERVICE_GATES: readonly Gate[] = [
  { key: 'internal', feature: 'internal', severity: 'blocker', before: 'ignores it, and the service becomes public' },
  { key: 'links', feature: 'links', severity: 'blocker', before: 'ignores it' },
  { key: 'agent', feature: 'agent', severity: 'blocker', before: 'ignores it, and the service runs as ordinary tasks' },
  { key: 'agent.ports', feature: 'agentPorts', severity: 'blocker', before: 'cannot load it' },
  { key: 'agent.enabled', feature: 'agentPorts', severity: 'blocker', before: 'cannot load it' },
  { key: 'build.manifest', feature: 'buildManifest', severity: 'blocker', before: 'builds from Dockerfile instead' },
  { key: 'health.grace', feature: 'healthGrace', severity: 'change', before: 'ignores it' },
  { key: 'scale.cpu', feature: 'scaleResources', severity: 'change', before: 'ignores it (128)' },
  { key: 'scale.memory', feature: 'scaleResources', severity: 'change', before: 'ignores it (256)' },
  { key: 'scale.targets', feature: 'autoscaling', severity: 'choice', before: 'ignores it: no autoscaling' },
  { key: 'scale.cooldown', feature: 'cooldown', severity: 'change', before: 'ignores it' },
  { key: 'sticky', feature: 'sticky', severity: 'change', before: 'is always sticky' },
  { key: 'singleton', feature: 'singleton', severity: 'choice', before: 'ignores it: two may run side by side' },
  { key: 'init', feature: 'init', severity: 'change', before: 'ignores it' },
  { key: 'drain', feature: 'drain', severity: 'change', before: 'drains for 30 s' },
  { key: 'privileged', feature: 'privileged', severity: 'blocker', before: 'parses it without an effect' },
  { key: 'deployment', feature: 'deployment', severity: 'change', before: 'always deploys with 50 to 200 percent' },
  { key: 'command[]', feature: 'commandList', severity: 'blocker', before: 'takes no command as a list' },
  { key: 'termination', feature: 'termination', severity: 'change', before: 'ignores it' },
  { key: 'policies', feature: 'policies', severity: 'blocker', before: 'ignores it' },
  { key: 'tags', feature: 'tags', severity: 'change', before: 'ignores it' },
  { key: 'internalAndExternal', feature: 'internalAndExternal', severity: 'blocker', before: 'ignores it' },
  { key: 'nlb', feature: 'nlb', severity: 'blocker', before: 'ignores it' },
];

/** Reports each key that the rack is too old for, and what it does instead. */
export function checkFeatures(manifest: Gen2Manifest, rackVersion: string, findings: FindingList): void {
  const top = manifest.keys.get('environment');
  if (top !== undefined && !supports(rackVersion, 'topLevelEnvironment')) {
    report(
      findings,
      rackVersion,
      {
        key: 'environment',
        feature: 'topLevelEnvironment',
        severity: 'blocker',
        before: 'cannot load a manifest with it at the top',
      },
      { at: top },
    );
  }
  const params = manifest.keys.get('params');
  if (params !== undefined && !supports(rackVersion, 'params')) {
    report(
      findings,
      rackVersion,
      { key: 'params', feature: 'params', severity: 'choice', before: 'ignores it' },
      { at: params },
    );
  }
  for (const service of manifest.services) checkService(service, manifest, rackVersion, findings);
  for (const { keys } of manifest.timers) {
    const at = keys.get('policies');
    if (at !== undefined && !supports(rackVersion, 'timerPolicies')) {
      report(
        findings,
        rackVersion,
        { key: 'policies', feature: 'timerPolicies', severity: 'choice', before: 'ignores it' },
        { at },
      );
    }
  }
  for (const { keys } of manifest.resources) {
    for (const [key, feature] of [
      ['options', 'resourceOptions'],
      ['tags', 'tags'],
    ] as const) {
      const at = keys.get(key);
      if (at !== undefined && !supports(rackVersion, feature)) {
        report(findings, rackVersion, { key, feature, severity: 'choice', before: 'ignores it' }, { at });
      }
    }
  }
}

function checkService(service: Gen2Service, manifest: Gen2Manifest, rackVersion: string, findings: FindingList): void {
  for (const gate of SERVICE_GATES) {
    const at = service.keys.get(gate.key);
    if (at !== undefined && !supports(rackVersion, gate.feature)) {
      report(findings, rackVersion, gate, { service: service.name, at });
    }
  }
  const star = [...manifest.environment, ...service.environment].find(({ name }) => name === '*');
  if (star !== undefined && !supports(rackVersion, 'environmentWildcard')) {
    report(
      findings,
      rackVersion,
      {
        key: 'environment: "*"',
        feature: 'environmentWildcard',
        severity: 'blocker',
        before: 'takes it for a required variable named *',
      },
      { service: service.name, at: star.at },
    );
  }
  const port = service.keys.get('port');
  if (port !== undefined && service.scheme.includes('grpc') && !supports(rackVersion, 'grpc')) {
    report(
      findings,
      rackVersion,
      { key: `port ${service.scheme}:`, feature: 'grpc', severity: 'blocker', before: 'does not know it' },
      { service: service.name, at: port },
    );
  }
  checkVolumes(service, rackVersion, findings);
  checkMemoryDefect(service, rackVersion, findings);
}

function report(
  findings: FindingList,
  rackVersion: string,
  { key, feature, severity, before }: Gate,
  where: { readonly service?: string; readonly at: NonNullable<ReturnType<Gen2Service['keys']['get']>> },
): void {
  findings.add(severity, 'feature-missing', {
    ...where,
    message: `${key} needs a rack from ${FEATURES[feature]}; ${rackVersion} ${before}.`,
    hint: `Update the rack, or remove ${key}.`,
  });
}

function checkVolumes({ volumes, name }: Gen2Service, rackVersion: string, findings: FindingList): void {
  for (const volume of volumes) {
    const parts = volume.name.split(':');
    const since = HOST_PATHS.get(parts[0] ?? '');
    if (since !== undefined && !supports(rackVersion, since)) {
      findings.add('choice', 'host-path-unsupported', {
        service: name,
        at: volume.at,
        message: `Rack ${rackVersion} mounts an empty directory of the app there, not the path of the host (from ${FEATURES[since]}).`,
        hint: 'Update the rack, or remove the volume.',
      });
    }
    if (parts.length > 2) {
      findings.add('choice', 'value-ignored', {
        service: name,
        at: volume.at,
        message: `A volume of ${name} has three parts: racks split at the first colon only, and mount at a path that ends in ":ro" or the like.`,
        hint: 'Remove the third part.',
      });
    }
  }
}

/** From 20180503151229 to before 20180618124906 memory is overwritten by 256 when cpu is absent. */
function checkMemoryDefect({ scale, keys, name, at }: Gen2Service, rackVersion: string, findings: FindingList): void {
  if (scale.memory === undefined || keys.has('scale.cpu')) return;
  if (!supports(rackVersion, 'memoryNeedsCpuFrom') || supports(rackVersion, 'memoryNeedsCpuUntil')) return;
  findings.add('change', 'value-ignored', {
    service: name,
    at: keys.get('scale.memory') ?? at,
    message: `Rack ${rackVersion} overwrites scale.memory of ${name} with 256, because scale.cpu is absent.`,
    hint: 'Write scale.cpu too.',
  });
}
