import { json, operation, system, trap, type CaseTable, type ConformanceCase } from './case.ts';

const GEN1 = [
  {
    name: 'web',
    domain: 'myapp-web-X5ZQ3LK-1122334455.us-west-2.elb.amazonaws.com',
    count: 1,
    memory: 256,
    ports: [{ balancer: 80 }, { balancer: 443 }],
  },
  { name: 'worker', domain: '', ports: [] },
];
const GEN2 = [
  {
    name: 'web',
    domain: 'tmpapp-web.con-Router-1QW2E3R4T5Y6U-987654321.us-west-2.convox.site',
    cpu: 128,
    ports: [{ balancer: 80 }, { balancer: 443 }],
  },
  { name: 'worker', domain: '', ports: [] },
];

const services = (name: string, expected: Parameters<typeof operation>[1]): ConformanceCase =>
  operation(({ rack, signal }) => rack.services.list(name, signal), expected);

const scales = (
  name: string,
  service: string,
  count: number,
  expected: Parameters<typeof operation>[1],
): ConformanceCase => operation(({ rack, signal }) => rack.services.scale(name, service, { count }, signal), expected);

const notWhole = trap(
  'The count is a whole number: the client sends nothing else.',
  ({ rack, signal }) => rack.services.scale('myapp', 'web', { count: Number('two') }, signal),
  { error: { code: 'RACK_INVALID', says: 'whole number' } },
);

const updatesSsl = (name: string, expected: Parameters<typeof operation>[1]): ConformanceCase =>
  operation(({ rack, signal }) => rack.ssl.update(name, 'web', 443, 'acm-4b2f0a9c81d7', signal), expected, {
    around: {
      'GET /certificates': [
        json([{ id: 'acm-4b2f0a9c81d7', domain: 'old.example.org', expiration: '2027-01-13T12:00:00Z' }]),
      ],
    },
  });

const execs = (
  name: string,
  id: string,
  command: string,
  expected: Parameters<typeof operation>[1],
  io: object = {},
): ConformanceCase =>
  operation(({ rack, signal }) => rack.processes.exec(name, id, { command, ...io }, signal), expected);

const TERMINAL = { terminal: { rows: 24, columns: 80 } };
const links = (expected: object): ConformanceCase =>
  operation(({ rack, signal }) => rack.resources.link('logs', 'genless', signal), { result: expected });

const PEM = {
  certificate: '-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n',
  privateKey: '-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n',
};

export const serviceCases: CaseTable = {
  'classic/formation-list-gen1': services('myapp', { result: [GEN1[1], GEN1[0]] }),
  'classic/formation-list-gen2': services('tmpapp', { result: GEN2 }),
  'classic/cli-15-get-apps-tmpapp-formation': services('tmpapp', { result: GEN2 }),
  'classic/formation-set': scales('myapp', 'web', 2, { result: undefined }),
  'classic/formation-set-bad-count': notWhole,
  'standard/services-list-gen1': services('myapp', { result: GEN1 }),
  'standard/services-list-gen2': services('tmpapp', { result: GEN2 }),
  'standard/cli-23-get-apps-tmpapp-services': services('tmpapp', { result: GEN2 }),
  'standard/services-list-no-release': services('tmpapp', { result: [] }),
  'standard/services-list-missing-app': services('nosuch', { error: { code: 'RACK_NOT_FOUND' } }),
  'standard/service-update': scales('tmpapp', 'web', 2, { result: undefined }),
  'standard/service-update-missing': scales('tmpapp', 'nosuch', 2, {
    error: { code: 'RACK_NOT_FOUND', says: 'nosuch' },
  }),
  'standard/service-update-bad-count': notWhole,
  'standard/service-restart': operation(({ rack, signal }) => rack.services.restart('tmpapp', 'web', signal), {
    result: undefined,
  }),
  'classic/services-of-app-not-in-classic': trap(
    'A standard call on a classic rack: the client notices by the unknown route, and goes on in the right dialect.',
    ({ rack, signal }) => rack.services.list('tmpapp', signal),
    {
      isSent: true,
      result: [{ name: 'web' }],
      around: {
        'GET /system': [system('20190101000000'), system('20171213132441')],
        'GET /apps/tmpapp/formation': [json([{ name: 'web', count: 1, ports: null }])],
      },
    },
  ),
  'standard/classic-formation-not-in-standard': trap(
    'A classic call on a standard rack: the client notices by the unknown route, and goes on in the right dialect.',
    ({ rack, signal }) => rack.services.list('myapp', signal),
    {
      isSent: true,
      result: [],
      around: {
        'GET /system': [system('20171213132441'), system('20260421192651')],
        'GET /apps/myapp/services': [json([])],
      },
    },
  ),

  'classic/ssl-list-gen1': operation(({ rack, signal }) => rack.ssl.list('myapp', signal), {
    result: [{ service: 'web', port: 443, certificate: 'cert-1512345678', domain: '*.*.elb.amazonaws.com' }],
  }),
  'classic/ssl-list-gen2': operation(({ rack, signal }) => rack.ssl.list('tmpapp', signal), { result: [] }),
  'standard/classic-ssl-list-not-in-standard': trap(
    'A classic call on a standard rack: the client notices by the unknown route, and goes on in the right dialect.',
    ({ rack, signal }) => rack.ssl.list('myapp', signal),
    {
      isSent: true,
      result: [{ service: 'web', port: 443, certificate: 'cert-1' }],
      around: {
        'GET /system': [system('20171213132441'), system('20260421192651')],
        'GET /apps/myapp/services': [
          json([{ name: 'web', count: 1, ports: [{ balancer: 443, container: 80, certificate: 'cert-1' }] }]),
        ],
      },
    },
  ),
  'ssl-update-gen1': updatesSsl('myapp', { result: undefined }),
  'ssl-update-gen2': updatesSsl('tmpapp', { error: { code: 'RACK_INVALID', says: 'generation 2' } }),

  'certificates-list': operation(({ rack, signal }) => rack.certificates.list(signal), {
    result: [
      { id: 'acm-4b2f0a9c81d7', domain: 'old.example.org' },
      { id: 'cert-1512345678', domains: [] },
    ],
  }),
  'classic/certificates-list-with-pending': operation(({ rack, signal }) => rack.certificates.list(signal), {
    result: [{}, { id: 'acm-9a0b1c2d3e4f', expiration: undefined }, {}],
  }),
  'certificate-create': operation(({ rack, signal }) => rack.certificates.create(PEM, signal), {
    result: { domain: 'www.example.org' },
  }),
  'certificate-generate': operation(
    ({ rack, signal }) => rack.certificates.generate(['www.example.org', 'example.org'], signal),
    {
      result: { id: 'acm-9a0b1c2d3e4f', expiration: undefined },
    },
  ),
  'certificate-delete-missing-acm': operation(
    ({ rack, signal }) => rack.certificates.delete('acm-000000000000', signal),
    {
      error: { code: 'RACK_NOT_FOUND', says: 'certificate not found' },
    },
  ),
  'classic/certificate-delete-missing-iam': operation(
    ({ rack, signal }) => rack.certificates.delete('cert-1', signal),
    {
      error: { code: 'RACK_NOT_FOUND', says: 'cannot be found' },
    },
  ),

  'classic/processes-list': operation(({ rack, signal }) => rack.processes.list('tmpapp', {}, signal), {
    result: [{ name: 'web', release: 'RDLWIVSBNTB', ports: ['32768:80'] }, { name: 'worker' }],
  }),
  'standard/processes-list': operation(
    ({ rack, signal }) => rack.processes.list('tmpapp', { service: 'web' }, signal),
    {
      result: [{ name: 'web', status: 'running' }],
    },
  ),
  'processes-list-missing-app': operation(({ rack, signal }) => rack.processes.list('nosuch', {}, signal), {
    error: { code: 'RACK_NOT_FOUND' },
  }),
  'process-get-missing': operation(({ rack, signal }) => rack.processes.get('tmpapp', 'nosuch', signal), {
    error: { code: 'RACK_NOT_FOUND', says: 'nosuch' },
  }),
  'standard/process-stop': operation(({ rack, signal }) => rack.processes.stop('tmpapp', '0a1b2c3d4e5f', signal), {
    result: undefined,
  }),
  'classic/process-run-detached': operation(
    ({ rack, signal }) => rack.processes.start('tmpapp', 'web', { command: 'ls' }, signal),
    {
      result: { id: '5f6e7d8c9b0a' },
    },
  ),
  'standard/process-run': operation(
    ({ rack, signal }) => rack.processes.start('tmpapp', 'web', { command: 'ls' }, signal),
    {
      result: { id: '5f6e7d8c9b0a' },
    },
  ),
  'classic/process-run-attached': operation(
    ({ rack, signal }) => rack.processes.run('tmpapp', 'web', { command: 'exit 3', ...TERMINAL }, signal),
    { result: { exitCode: 3, output: 'run "exit 3"\r\n' } },
  ),
  'classic/process-exec': execs(
    'tmpapp',
    '0a1b2c3d4e5f',
    'ls',
    { result: { exitCode: 0, output: 'exec "ls" 80x24\r\n' } },
    TERMINAL,
  ),
  'standard/process-exec': execs(
    'tmpapp',
    '0a1b2c3d4e5f',
    'exit 3',
    { result: { exitCode: 3, output: 'exec "exit 3"\r\n' } },
    TERMINAL,
  ),
  'standard/process-exec-stdin': execs(
    'tmpapp',
    '0a1b2c3d4e5f',
    'cat',
    { result: { exitCode: 0, output: 'exec "cat"\r\nhello\n' } },
    { attach: 'pipe', input: 'hello\n' },
  ),
  'process-exec-missing': execs('tmpapp', 'nosuch', 'ls', { error: { code: 'RACK_NOT_FOUND' } }),
  'standard/process-exec-missing-app': execs('nosuch', 'x', 'ls', {
    error: { code: 'RACK_NOT_FOUND', says: 'nosuch' },
  }),

  'instances-list': operation(({ rack, signal }) => rack.instances.list(signal), {
    result: [
      { id: 'i-0a1b2c3d4e5f60718', status: 'active', privateIp: '10.0.1.182', publicIp: '54.203.0.113', processes: 4 },
    ],
  }),
  'registries-list': operation(({ rack, signal }) => rack.registries.list(signal), { result: [] }),
  'standard/registry-add': operation(
    ({ rack, signal }) => rack.registries.add({ server: 'quay.io', username: 'u', password: 'p' }, signal),
    { result: { server: 'quay.io', username: 'u' } },
  ),
  'standard/registry-remove': operation(({ rack, signal }) => rack.registries.remove('quay.io', signal), {
    result: undefined,
  }),

  'resources-list': operation(({ rack, signal }) => rack.resources.list(signal), {
    result: [{ name: 'logs', type: 'syslog', linkedApps: [] }],
  }),
  'resource-get-linked': operation(({ rack, signal }) => rack.resources.get('logs', signal), {
    result: { status: 'running', url: 'tcp+tls://logs.example.org:514', linkedApps: ['genless'] },
  }),
  'resource-get-missing': operation(({ rack, signal }) => rack.resources.get('nosuch', signal), {
    error: { code: 'RACK_NOT_FOUND' },
  }),
  'standard/resource-get-other-kind-of-stack': operation(({ rack, signal }) => rack.resources.get('tmpapp', signal), {
    error: { code: 'RACK_NOT_FOUND', says: 'resource not found: tmpapp' },
  }),
  'resource-create': operation(
    ({ rack, signal }) =>
      rack.resources.create(
        { name: 'logs', type: 'syslog', options: { url: 'tcp+tls://logs.example.org:514' } },
        signal,
      ),
    { result: { name: 'logs', type: 'syslog' } },
  ),
  'classic/resource-delete-linked': operation(({ rack, signal }) => rack.resources.delete('logs', signal), {
    error: { code: 'RACK_CONFLICT', says: 'resource is linked to genless' },
  }),
  'classic/resource-link': links({ name: 'logs', linkedApps: [] }),
  'standard/resource-link': links({ name: 'logs', linkedApps: ['genless'] }),
  'classic/resource-link-again': operation(({ rack, signal }) => rack.resources.link('logs', 'genless', signal), {
    error: { code: 'RACK_CONFLICT', says: 'already linked' },
  }),
  'resource-unlink': operation(({ rack, signal }) => rack.resources.unlink('logs', 'genless', signal), {
    result: { name: 'logs' },
  }),
  'standard/app-resources-list': operation(({ rack, signal }) => rack.resources.ofApp('tmpapp', signal), {
    result: [],
  }),
  'classic/services-is-resources-alias': trap(
    '/services means /resources here and does not exist later: the client asks for /resources.',
    ({ rack, signal }) => rack.resources.list(signal),
    { around: { 'GET /resources': [json([])] }, result: [] },
  ),
};
