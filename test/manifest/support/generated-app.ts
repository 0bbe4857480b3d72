import fc from 'fast-check';
import { stringify } from 'yaml';

/** A service as the generator knows it, apart from any text. */
export interface ModelService {
  readonly name: string;
  readonly image: string | undefined;
  readonly ports: readonly {
    readonly balancer: number;
    readonly container: number;
    readonly isPair: boolean;
    readonly isUdp: boolean;
  }[];
  /** A value of undefined is a bare name. */
  readonly environment: readonly (readonly [string, string | undefined])[];
  readonly labels: readonly (readonly [string, string])[];
  readonly links: readonly string[];
  readonly rest: Readonly<Record<string, unknown>>;
}

export interface ModelApp {
  readonly services: readonly ModelService[];
  readonly compose: string;
  readonly env: ReadonlyMap<string, string>;
  readonly isEnvKnown: boolean;
  readonly isAllInternal: boolean;
  readonly domains: Readonly<Record<string, readonly string[]>>;
  readonly rack: string;
}

const VARIABLES = [
  'A',
  'B_1',
  'SECRET',
  'API_URL',
  'API_HOST',
  'DB_URL',
  'PROCESS',
  'RACK',
  'LINK_PORT',
  'lower',
  'EMPTY',
] as const;

/** Values without "$", whose interpolation the model leaves out; the tests of interpolation have their own. */
const value = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    'yes',
    '010',
    '1_000',
    '22:22',
    'a: b',
    '# no',
    ' pad ',
    'a=b',
    '"q"',
    "it's",
    '{x',
    '[y',
    '*z',
    '&w',
    '1e3',
    'null',
    '~',
    '\\',
    'ü',
    'line\nbreak',
  ),
  fc.string({ maxLength: 12 }).map((text) => text.replaceAll(/\$|[^ -~]/g, '')),
);

const port = fc.record({
  balancer: fc.constantFrom(80, 443, 8080, 5432, 514),
  container: fc.constantFrom(80, 3000, 5432, 6000),
  isPair: fc.boolean(),
  isUdp: fc.constantFrom(false, false, false, true),
});

const label = fc.oneof(
  fc.tuple(
    fc.constantFrom('convox.port.80.protocol', 'convox.port.443.protocol'),
    fc.constantFrom('http', 'https', 'tcp', 'tls', 'other'),
  ),
  fc.tuple(
    fc.constantFrom(
      'convox.port.443.secure',
      'convox.port.80.proxy',
      'convox.environment.secure',
      'convox.agent',
      'convox.balancer',
    ),
    fc.constantFrom('true', 'false'),
  ),
  fc.tuple(fc.constant('convox.health.path'), fc.constantFrom('/', '/check?a=b')),
  fc.tuple(
    fc.constantFrom('convox.health.timeout', 'convox.health.interval'),
    fc.integer({ min: 5, max: 60 }).map(String),
  ),
  fc.tuple(fc.constant('convox.health.threshold.unhealthy'), fc.constantFrom('2', '5')),
  fc.tuple(fc.constant('convox.draining.timeout'), fc.constantFrom('1', '60', '3600')),
  fc.tuple(fc.constant('convox.idle.timeout'), fc.constantFrom('60', '3600')),
  fc.tuple(fc.constantFrom('convox.deployment.minimum', 'convox.deployment.maximum'), fc.constant('100')),
  fc.tuple(
    fc.constantFrom('convox.cron.tidy', 'convox.cron.back-up'),
    fc.constantFrom('0 3 * * ? bin/tidy', '0/5 * ? * MON-FRI a && b'),
  ),
  fc.tuple(fc.constantFrom('com.example.team', 'convox.unknown', 'convox.start.shift'), fc.constantFrom('1', 'x')),
);

const rest = fc.record(
  {
    command: fc.oneof(
      fc.constantFrom('bin/run', 'a | b', "say 'x'"),
      fc.array(fc.constantFrom('bin/run', '--name', 'my app', '<x>'), { minLength: 1, maxLength: 3 }),
    ),
    build: fc.oneof(
      fc.constantFrom('.', './app'),
      fc.record(
        {
          context: fc.constant('./app'),
          dockerfile: fc.constantFrom('Dockerfile', 'D.web'),
          args: fc.constantFrom(['ARG1=v'], { ARG1: 'v', ARG2: 2 }),
          target: fc.constant('x'),
        },
        { requiredKeys: [] },
      ),
    ),
    entrypoint: fc.constant('/run'),
    mem_limit: fc.constantFrom('512m', 8_000_000, '1g'),
    cpu_shares: fc.constantFrom(0, 128),
    privileged: fc.boolean(),
    volumes: fc.array(
      fc.constantFrom(
        '/data',
        '/data:/x',
        './a:/b',
        '/a:/b:ro',
        '/proc/:/p',
        '/var/run/docker.sock:/d',
        '/etc/passwd:/e',
      ),
      { maxLength: 3 },
    ),
    extra_hosts: fc.constant(['a:1.2.3.4']),
    restart: fc.constant('always'),
    depends_on: fc.constant(['web']),
    ulimits: fc.constant({ nofile: { soft: 1, hard: 2 } }),
  },
  { requiredKeys: [] },
);

function service(name: string): fc.Arbitrary<ModelService> {
  return fc.record({
    name: fc.constant(name),
    image: fc.constantFrom(undefined, undefined, 'nginx:1.13', 'convox/postgres', 'redis'),
    ports: fc.uniqueArray(port, { maxLength: 3, selector: (item) => `${item.balancer}` }),
    environment: fc.uniqueArray(fc.tuple(fc.constantFrom(...VARIABLES), fc.option(value, { nil: undefined })), {
      maxLength: 5,
      selector: ([variable]) => variable,
    }),
    labels: fc.uniqueArray(label, { maxLength: 5, selector: ([key]) => key }),
    links: fc.constantFrom([], [], ['api'], ['db'], ['api', 'db']),
    rest,
  });
}

/** Any app of up to four services, its running environment, and a rack; its manifest is one a rack accepts. */
export const anyApp: fc.Arbitrary<ModelApp> = fc
  .record({
    services: fc.tuple(service('web'), service('api'), service('db'), service('Cron-Job')),
    count: fc.integer({ min: 1, max: 4 }),
    env: fc.uniqueArray(fc.tuple(fc.constantFrom(...VARIABLES, 'OTHER', 'APP', 'DOMAINS_WEB'), value), {
      maxLength: 8,
      selector: ([variable]) => variable,
    }),
    isEnvKnown: fc.constantFrom(true, true, false),
    isAllInternal: fc.constantFrom(false, false, true),
    domains: fc.constantFrom({}, { web: ['shop.example.com', 'www.example.com'] }),
    rack: fc.constantFrom(
      '20171130011815',
      '20171213132441',
      '20180227221242',
      '20180503151229',
      '20181212203703',
      '20200720124031',
      '20250325115244',
      '20260421192651',
    ),
    style: fc.record({
      isV1: fc.boolean(),
      hasLabelMap: fc.boolean(),
      hasEnvMap: fc.boolean(),
      isFlow: fc.boolean(),
      hasExtras: fc.boolean(),
    }),
  })
  .map(({ services, count, env, style, ...app }) => {
    const chosen = repair(services.slice(0, count));
    return { ...app, services: chosen, env: new Map(env), compose: render(chosen, style) };
  });

/** Keeps what racks accept: links to services with ports only. */
function repair(services: readonly ModelService[]): readonly ModelService[] {
  const linkable = new Set(services.filter(({ ports }) => ports.length > 0).map(({ name }) => name));
  return services.map((item) => ({ ...item, links: item.links.filter((link) => linkable.has(link)) }));
}

interface Style {
  readonly isV1: boolean;
  readonly hasLabelMap: boolean;
  readonly hasEnvMap: boolean;
  readonly isFlow: boolean;
  readonly hasExtras: boolean;
}

function render(services: readonly ModelService[], style: Style): string {
  const entries = Object.fromEntries(services.map((item) => [item.name, renderService(item, style)]));
  const extras =
    style.hasExtras && !style.isV1
      ? { networks: { default: { external: { name: 'x' } } }, volumes: { data: {} }, 'x-note': ['a', { b: 1 }] }
      : {};
  const root = style.isV1 ? entries : { version: '2', services: entries, ...extras };
  return stringify(root, {
    collectionStyle: style.isFlow ? 'flow' : 'any',
    lineWidth: 0,
    version: '1.1',
    aliasDuplicateObjects: false,
  });
}

function renderService(item: ModelService, style: Style): object {
  const canBeMap = style.hasEnvMap && item.environment.every(([, text]) => text !== undefined);
  return {
    ...(item.image === undefined ? {} : { image: item.image }),
    ...item.rest,
    ...(item.ports.length === 0 ? {} : { ports: item.ports.map(renderPort) }),
    ...(item.environment.length === 0
      ? {}
      : {
          environment: canBeMap
            ? Object.fromEntries(item.environment)
            : item.environment.map(([name, text]) => (text === undefined ? name : `${name}=${text}`)),
        }),
    ...(item.labels.length === 0
      ? {}
      : {
          labels: style.hasLabelMap
            ? Object.fromEntries(item.labels)
            : item.labels.map(([name, text]) => `${name}=${text}`),
        }),
    ...(item.links.length === 0 ? {} : { links: item.links }),
  };
}

function renderPort({ balancer, container, isPair, isUdp }: ModelService['ports'][number]): string | number {
  if (isUdp) return isPair ? `${balancer}:${container}/udp` : `${container}/udp`;
  return isPair ? `${balancer}:${container}` : container;
}
