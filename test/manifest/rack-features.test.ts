import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { checkGen2Manifest } from '../../src/manifest/gen2-check.ts';
import { readGen2Manifest } from '../../src/manifest/gen2-reader.ts';
import { FEATURES, healthCodes, isRackVersion, supports } from '../../src/manifest/rack-features.ts';
import type { Feature } from '../../src/manifest/rack-features.ts';
import { at, before, convert, say } from './support/conversion.ts';

/** Gates of what a person can write in a convox.yml: complaint one version below, silence at the gate. */
const WRITTEN: readonly { readonly feature: Feature; readonly gen2: string; readonly complaint: string }[] = [
  { feature: 'internal', gen2: 'web: {port: 80, internal: true}', complaint: 'blocker feature-missing' },
  { feature: 'links', gen2: 'web: {port: 80, links: [web]}', complaint: 'blocker feature-missing' },
  { feature: 'agent', gen2: 'web: {agent: true}', complaint: 'blocker feature-missing' },
  {
    feature: 'buildManifest',
    gen2: 'web: {build: {path: ., manifest: Dockerfile.web}}',
    complaint: 'blocker feature-missing',
  },
  {
    feature: 'healthGrace',
    gen2: 'web: {port: 80, health: {path: /, grace: 60}}',
    complaint: 'change feature-missing',
  },
  { feature: 'environmentWildcard', gen2: 'web: {environment: ["*"]}', complaint: 'blocker feature-missing' },
  { feature: 'scaleResources', gen2: 'web: {scale: {cpu: 64, memory: 512}}', complaint: 'change feature-missing' },
  {
    feature: 'autoscaling',
    gen2: 'web: {scale: {count: 1-5, targets: {cpu: 50}}}',
    complaint: 'choice feature-missing',
  },
  { feature: 'sticky', gen2: 'web: {port: 80, sticky: false}', complaint: 'change feature-missing' },
  { feature: 'singleton', gen2: 'web: {singleton: true}', complaint: 'choice feature-missing' },
  { feature: 'init', gen2: 'web: {init: true}', complaint: 'change feature-missing' },
  { feature: 'drain', gen2: 'web: {port: 80, drain: 60}', complaint: 'change feature-missing' },
  { feature: 'privileged', gen2: 'web: {privileged: true}', complaint: 'blocker feature-missing' },
  {
    feature: 'agentPorts',
    gen2: 'web: {agent: {enabled: true, ports: [8125/udp]}}',
    complaint: 'blocker feature-missing',
  },
  { feature: 'deployment', gen2: 'web: {deployment: {minimum: 0, maximum: 100}}', complaint: 'change feature-missing' },
  { feature: 'commandList', gen2: 'web: {command: [a, b]}', complaint: 'blocker feature-missing' },
  { feature: 'termination', gen2: 'web: {termination: {grace: 60}}', complaint: 'change feature-missing' },
  { feature: 'cooldown', gen2: 'web: {scale: {count: 1, cooldown: 60}}', complaint: 'change feature-missing' },
  { feature: 'grpc', gen2: 'web: {port: "grpc:80"}', complaint: 'blocker feature-missing' },
  { feature: 'policies', gen2: 'web: {policies: [arn]}', complaint: 'blocker feature-missing' },
  { feature: 'tags', gen2: 'web: {tags: {a: b}}', complaint: 'change feature-missing' },
  {
    feature: 'internalAndExternal',
    gen2: 'web: {port: 80, internalAndExternal: true}',
    complaint: 'blocker feature-missing',
  },
  { feature: 'nlb', gen2: 'web: {nlb: [{port: 22, protocol: tcp}]}', complaint: 'blocker feature-missing' },
  { feature: 'defaultsWithEquals', gen2: 'web: {environment: ["A=b=c"]}', complaint: 'blocker env-default-lost' },
  { feature: 'hostProc', gen2: 'web: {volumes: ["/proc/:/host/proc/"]}', complaint: 'choice host-path-unsupported' },
  {
    feature: 'hostSysCgroup',
    gen2: 'web: {volumes: ["/sys/fs/cgroup/:/a"]}',
    complaint: 'choice host-path-unsupported',
  },
  { feature: 'hostAudit', gen2: 'web: {volumes: ["/var/log/audit/:/a"]}', complaint: 'choice host-path-unsupported' },
  { feature: 'hostDevLog', gen2: 'web: {volumes: ["/dev/log:/a"]}', complaint: 'choice host-path-unsupported' },
  {
    feature: 'hostKernelDebug',
    gen2: 'web: {volumes: ["/sys/kernel/debug/:/a"]}',
    complaint: 'choice host-path-unsupported',
  },
  {
    feature: 'hostContainers',
    gen2: 'web: {volumes: ["/var/lib/docker/containers/:/a"]}',
    complaint: 'choice host-path-unsupported',
  },
  { feature: 'newestRead', gen2: 'web: {<<: {image: x}}', complaint: 'choice merge-key' },
];

/** The same for keys outside of a service. */
const AROUND: readonly { readonly feature: Feature; readonly gen2: string; readonly complaint: string }[] = [
  {
    feature: 'topLevelEnvironment',
    gen2: '{environment: [A=1], services: {web: {}}}',
    complaint: 'blocker feature-missing',
  },
  { feature: 'params', gen2: '{params: {A: 1}, services: {web: {}}}', complaint: 'choice feature-missing' },
  {
    feature: 'resourceOptions',
    gen2: '{resources: {db: {type: postgres, options: {}}}, services: {web: {}}}',
    complaint: 'choice feature-missing',
  },
  {
    feature: 'tags',
    gen2: '{resources: {db: {type: postgres, tags: {}}}, services: {web: {}}}',
    complaint: 'choice feature-missing',
  },
  {
    feature: 'mysql',
    gen2: '{resources: {db: {type: mysql}}, services: {web: {}}}',
    complaint: 'blocker resource-type-unsupported',
  },
  {
    feature: 'memcached',
    gen2: '{resources: {db: {type: memcached}}, services: {web: {}}}',
    complaint: 'blocker resource-type-unsupported',
  },
  {
    feature: 'mariadb',
    gen2: '{resources: {db: {type: mariadb}}, services: {web: {}}}',
    complaint: 'blocker resource-type-unsupported',
  },
  {
    feature: 'efs',
    gen2: '{resources: {db: {type: efs}}, services: {web: {}}}',
    complaint: 'blocker resource-type-unsupported',
  },
  {
    feature: 'valkey',
    gen2: '{resources: {db: {type: valkey}}, services: {web: {}}}',
    complaint: 'blocker resource-type-unsupported',
  },
  {
    feature: 'sixFieldSchedules',
    gen2: '{services: {web: {}}, timers: {tidy: {command: a, service: web, schedule: "0 3 * * ? 2030"}}}',
    complaint: 'blocker timer-schedule-invalid',
  },
  {
    feature: 'timerPolicies',
    gen2: '{services: {web: {}}, timers: {tidy: {command: a, service: web, schedule: "0 3 * * ?", policies: [a]}}}',
    complaint: 'choice feature-missing',
  },
];

function check(gen2: string, rackVersion: string): readonly string[] {
  const { manifest, findings } = readGen2Manifest(gen2, { rackVersion });
  return say([
    ...findings,
    ...(manifest === undefined ? [] : checkGen2Manifest(manifest, { rackVersion, rackInternal: true })),
  ]);
}

const written = [...WRITTEN.map((gate) => ({ ...gate, gen2: `services:\n  ${gate.gen2}\n` })), ...AROUND].map(
  (gate) => [`${gate.feature}: ${gate.gen2.replaceAll(/\s+/g, ' ')}`, gate] as const,
);

describe('each feature one version below its gate and at it', () => {
  it.each(written)('the checker complains below and not at %s', (_, { gen2, feature, complaint }) => {
    expect(check(gen2, before(feature))).toContain(complaint);
    expect(
      check(gen2, at(feature)).filter((said) => /feature-missing|unsupported|lost|invalid|merge-key/.test(said)),
    ).toEqual([]);
  });

  it.each([
    [
      'scale.memory without scale.cpu is overwritten from 20180503151229',
      before('memoryNeedsCpuFrom'),
      at('memoryNeedsCpuFrom'),
    ],
    [
      'scale.memory without scale.cpu is safe again from 20180618124906',
      at('memoryNeedsCpuUntil'),
      before('memoryNeedsCpuUntil'),
    ],
  ])('%s', (_, fine, broken) => {
    const gen2 = 'services: {web: {scale: {memory: 512}}}';

    expect(check(gen2, fine)).not.toContain('change value-ignored');
    expect(check(gen2, broken)).toContain('change value-ignored');
  });

  it('the converter writes cpu beside memory in the window in which memory alone is lost', () => {
    const options = { app: { name: 'shop', formation: { web: { count: 1, cpu: 0, memory: 512 } } } };
    const scale = (rack: string): unknown =>
      (parse(convert('image: x', rack, options).manifest ?? '') as { services: { web: { scale: unknown } } }).services
        .web.scale;

    expect(scale(before('memoryNeedsCpuFrom'))).toEqual({ count: 1, memory: 512 });
    expect(scale(at('memoryNeedsCpuFrom'))).toEqual({ count: 1, cpu: 128, memory: 512 });
    expect(scale(before('memoryNeedsCpuUntil'))).toEqual({ count: 1, cpu: 128, memory: 512 });
    expect(scale(at('memoryNeedsCpuUntil'))).toEqual({ count: 1, memory: 512 });
  });

  it.each([
    ['health2xx3xx', 'exactly 200', '200-399'],
    ['health401', '200-399', '200-399 and 401'],
    ['healthCodesConfigurable', '200-399 and 401', '200-399 and 401 (app parameter LoadBalancerSuccessCodes)'],
  ] as const)('health codes change at %s', (feature, below, from) => {
    expect(healthCodes(before(feature))).toBe(below);
    expect(healthCodes(at(feature))).toBe(from);
  });

  it('an empty environment list is everything only between 20171204232334 and 20180227221242', () => {
    const missing = (rackVersion: string): boolean => {
      const env = new Set(['A']);
      const { manifest } = readGen2Manifest('services: {web: {}}', { rackVersion, env });
      return say(checkGen2Manifest(manifest!, { rackVersion, env })).includes('info env-undeclared');
    };

    expect(
      [
        before('emptyEnvironmentIsAll'),
        at('emptyEnvironmentIsAll'),
        before('environmentWildcard'),
        at('environmentWildcard'),
      ].map(missing),
    ).toEqual([true, false, false, true]);
  });

  it('80 redirects to 443 from 20190103234204, and the findings say which', () => {
    const hint = (rack: string): string | undefined =>
      convert('image: x\nports: ["80:80"]', rack, { app: { name: 'shop', envNames: [] } }).findings.find(
        ({ code }) => code === 'listener-added',
      )?.hint;

    expect(hint(before('httpsRedirect'))).not.toContain('redirects');
    expect(hint(at('httpsRedirect'))).toContain('redirects to 443');
  });

  it('SERVICE.APP.RACK.convox is a name of internal services from 20180106174952', () => {
    const hint = (rack: string): string | undefined =>
      convert('image: x\nports: ["5000"]', rack).findings.find(({ code }) => code === 'internal-port-changed')?.hint;

    expect(hint(before('convoxDomain'))).not.toContain('.convox');
    expect(hint(at('convoxDomain'))).toContain('web.APP.RACK.convox');
  });

  it('timers get links from 20180813175821', () => {
    const compose = `
      web: {image: x, links: [api], labels: [convox.cron.tidy=0 3 * * ? a]}
      api: {image: y, ports: ["80:80"]}
    `;

    expect(say(convert(compose, before('timerLinks')).findings)).toContain('choice timer-env-missing');
    expect(say(convert(compose, at('timerLinks')).findings)).not.toContain('choice timer-env-missing');
  });

  it('dashes in link variables are underscores from 20210201145337', () => {
    const compose = `
      web: {image: x, links: [my-api]}
      my-api: {image: y, ports: ["80:80"]}
    `;

    expect(say(convert(compose, before('dashesInVariables')).findings)).toContain('blocker link-vars-lost');
    expect(say(convert(compose, at('dashesInVariables')).findings)).not.toContain('blocker link-vars-lost');
  });

  it('resources give _USER, _PASS, _HOST, _PORT and _NAME from 20221013170042', () => {
    const compose = `
      web: {image: x, links: [database]}
      database: {image: postgres, ports: [5432]}
    `;
    const lost = (rack: string): string | undefined =>
      convert(compose, rack, { answers: { 'database.database': 'resource' } }).findings.find(
        ({ code }) => code === 'link-vars-lost',
      )?.message;

    expect(lost(before('resourceUserPass'))).toContain('DATABASE_HOST');
    expect(lost(at('resourceUserPass'))).not.toContain('DATABASE_HOST');
    expect(lost(at('resourceUserPass'))).toContain('DATABASE_USERNAME');
  });

  it('commands are plain from 20180228170419', () => {
    const options = { app: { name: 'shop', envNames: ['A'] } };

    expect(convert('command: a && b', before('plainCommands'), options).manifest).toBeUndefined();
    expect(convert('command: a && b', at('plainCommands'), options).manifest).toContain('command: a && b');
  });

  it('racks before 20171102200537 have no generation 2', () => {
    expect(say(convert('image: x', before('generation2')).findings)).toContain('blocker rack-version');
    expect(say(convert('image: x', at('generation2'), { app: { name: 'shop', envNames: [] } }).findings)).not.toContain(
      'blocker rack-version',
    );
  });

  it('every gate is a release tag, and the comparison is that of tags', () => {
    for (const version of Object.values(FEATURES)) expect(isRackVersion(version)).toBe(true);
    expect(isRackVersion('20180711032918-beta')).toBe(true);
    expect(isRackVersion('latest')).toBe(false);
    expect(supports('20180711032918-beta', 'sticky')).toBe(true);
  });
});
