import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { COMMANDS } from '../../src/cli/catalogue.ts';
import { OPTIONS } from '../../src/cli/options/options.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

/** Every document of a YAML file, merge keys followed; a warning is a failure too. */
function documents(path: string): readonly unknown[] {
  return parseAllDocuments(read(path), { merge: true, strict: true, uniqueKeys: true }).map((document) => {
    expect([...document.errors, ...document.warnings]).toEqual([]);
    return document.toJS() as unknown;
  });
}

/** Asserts that `gen2` has this command, and that it takes these options. */
function expectCommandLine(argv: readonly string[]): void {
  const command = COMMANDS.find(({ name }) => name === argv[0]);
  expect(command, argv.join(' ')).toBeDefined();
  const known = (command?.options ?? []).flatMap((name) => OPTIONS[name].flags.split(/[ ,]+/));
  expect(
    argv.filter((word) => word.startsWith('-') && !known.includes(word)),
    argv.join(' '),
  ).toEqual([]);
}

describe('docker/Dockerfile', () => {
  const text = read('docker/Dockerfile');
  const instructions = text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line));
  const last = (name: string): string | undefined => instructions.findLast((line) => line.startsWith(`${name} `));

  test('is one a Dockerfile parser has nothing to say about', () => {
    expect(validate(text)).toEqual([]);
  });

  test('builds in one stage, runs in another, as a user that is not root, with a health check and labels', () => {
    expect(instructions.filter((line) => line.startsWith('FROM '))).toHaveLength(2);
    expect(text).toMatch(/^ARG NODE_IMAGE=node:\d\d-[a-z]+-slim$/m);
    expect(last('USER')).toBe('USER 1000:1000');
    expect(last('ENTRYPOINT')).toBe('ENTRYPOINT ["gen2"]');
    expect(last('STOPSIGNAL')).toBe('STOPSIGNAL SIGTERM');
    expect(last('HEALTHCHECK')).toContain('"/app/healthcheck.mjs"');
    for (const label of ['title', 'description', 'licenses', 'version', 'revision']) {
      expect(last('LABEL')).toContain(`org.opencontainers.image.${label}=`);
    }
    expect(last('ARG')).toBe('ARG REVISION=unknown');
    expect(text).toContain(`ARG VERSION=${(JSON.parse(read('package.json')) as { version: string }).version}\n`);
  });

  test('takes from the build only the tree that the tests build too', () => {
    expect(instructions.filter((line) => line.includes('--from=build'))).toEqual(['COPY --from=build /image /app']);
    expect(instructions).toContain('RUN node scripts/image-tree.mjs /image');
  });
});

const services = z.looseObject({
  services: z.record(
    z.string(),
    z.looseObject({
      image: z.string(),
      command: z.array(z.string()).optional(),
      read_only: z.boolean().optional(),
      cap_drop: z.array(z.string()).optional(),
      stop_grace_period: z.string().optional(),
      environment: z.record(z.string(), z.string()),
      volumes: z.array(z.string()),
    }),
  ),
  volumes: z.record(z.string(), z.null()),
});

describe('docker/compose.yaml', () => {
  const [found] = documents('docker/compose.yaml').map((document) => services.parse(document));

  test('starts PostgreSQL, two workers on it, and a job without it, all of the same image', () => {
    expect(Object.keys(found?.services ?? {})).toEqual(['database', 'worker-1', 'worker-2', 'job']);
    const { 'worker-1': first, 'worker-2': second, job } = found?.services ?? {};
    expect(first).toEqual(second);
    expect(first?.environment['GEN2_STATE']).toMatch(/^postgres:\/\/gen2:.*@database:5432\/gen2$/);
    expect(job?.environment['GEN2_STATE']).toBeUndefined();
    for (const each of [first, second, job]) {
      expect(each).toMatchObject({
        image: 'convox-gen2',
        read_only: true,
        cap_drop: ['ALL'],
        stop_grace_period: '45s',
      });
      expect(each?.volumes[0]).toBe('state:/state');
      expectCommandLine(each?.command ?? []);
    }
  });

  test('holds no secret, and names in its head only command lines there are', () => {
    const secrets = Object.entries(found?.services['worker-1']?.environment ?? {}).filter(([name]) =>
      /PASSWORD|SECRET|TOKEN/.test(name),
    );
    expect(secrets.length).toBeGreaterThan(1);
    expect(secrets.filter(([, value]) => !/^\$\{\w+[:}]/.test(value))).toEqual([]);
    const lines = [...read('docker/compose.yaml').matchAll(/(?:gen2|job) ((?:migrate|approve|resume) .*)$/gm)];
    expect(lines.length).toBeGreaterThan(3);
    for (const [, line] of lines) expectCommandLine((line ?? '').split(' '));
  });
});

const container = z.looseObject({
  args: z.array(z.string()),
  env: z.array(
    z.looseObject({ name: z.string(), value: z.string().optional(), valueFrom: z.looseObject({}).optional() }),
  ),
  securityContext: z.looseObject({}),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() })),
});
const pod = z.looseObject({
  terminationGracePeriodSeconds: z.number(),
  securityContext: z.looseObject({}),
  containers: z.array(container).length(1),
  volumes: z.array(z.looseObject({ name: z.string() })),
});
const workload = z.looseObject({ kind: z.string(), spec: z.looseObject({ template: z.looseObject({ spec: pod }) }) });

describe.each(['docker/kubernetes-job.yaml', 'docker/kubernetes-workers.yaml'])('%s', (path) => {
  const found = documents(path).map((document) =>
    z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) }).parse(document),
  );
  const { spec } = workload.parse(found.find(({ kind }) => kind === 'Job' || kind === 'Deployment')).spec.template;
  const [only] = spec.containers;

  test('runs a command line of gen2 as nobody in particular, on a read-only root, with time to stop', () => {
    expectCommandLine(only?.args ?? []);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 });
    expect(only?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(30);
  });

  test('mounts what is written, takes secrets from secrets, and refers to nothing it does not define or say', () => {
    const mounted = only?.volumeMounts ?? [];
    expect(mounted.filter(({ readOnly }) => readOnly !== true).map(({ mountPath }) => mountPath)).toEqual([
      '/state',
      '/tmp',
    ]);
    expect(mounted.map(({ name }) => name)).toEqual(spec.volumes.map(({ name }) => name));
    for (const { name, value } of only?.env ?? []) {
      if (/PASSWORD|STATE/.test(name)) expect(value, name).toBeUndefined();
    }
    const claims = found.filter(({ kind }) => kind === 'PersistentVolumeClaim').map(({ metadata }) => metadata.name);
    expect(JSON.stringify(spec.volumes[0])).toContain(`"claimName":"${claims[0] ?? 'none'}"`);
  });
});

const task = z.looseObject({
  requiresCompatibilities: z.array(z.string()),
  cpu: z.string(),
  memory: z.string(),
  containerDefinitions: z
    .array(
      z.looseObject({
        command: z.array(z.string()),
        environment: z.array(z.object({ name: z.string(), value: z.string() })),
        secrets: z.array(z.object({ name: z.string(), valueFrom: z.string().startsWith('arn:aws:') })),
        mountPoints: z.array(z.looseObject({ sourceVolume: z.string(), containerPath: z.string() })),
      }),
    )
    .length(1),
  volumes: z.array(z.looseObject({ name: z.string() })),
});

test('docker/ecs-task-definition.json runs a migration on Fargate, its state on EFS, its secrets from where secrets are', () => {
  const { containerDefinitions, requiresCompatibilities, cpu, memory, volumes } = task.parse(
    JSON.parse(read('docker/ecs-task-definition.json')),
  );
  const [only] = containerDefinitions;

  expectCommandLine(only?.command ?? []);
  // AWS: 256 CPU units take 512, 1024 or 2048 MB (Amazon ECS developer guide, "Task CPU and memory").
  expect([requiresCompatibilities, cpu, memory]).toEqual([['FARGATE'], '256', '512']);
  expect(only).toMatchObject({ user: '1000:1000', readonlyRootFilesystem: true, stopTimeout: 45 });
  expect(only?.mountPoints.map(({ sourceVolume }) => sourceVolume)).toEqual(volumes.map(({ name }) => name));
  expect(only?.secrets.map(({ name }) => name)).toContain('CONVOX_PASSWORD');
  expect(only?.environment.filter(({ name }) => /PASSWORD|SECRET|TOKEN/.test(name))).toEqual([]);
});
