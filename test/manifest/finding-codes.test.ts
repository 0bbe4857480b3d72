import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/manifest/accounting.ts';
import { FINDING_CODES } from '../../src/manifest/finding.ts';
import type { Finding, FindingCode } from '../../src/manifest/finding.ts';
import type { Gen1Manifest } from '../../src/manifest/gen1-types.ts';
import { checkGen2Manifest } from '../../src/manifest/gen2-check.ts';
import { readGen2Manifest } from '../../src/manifest/gen2-reader.ts';
import { checkSources, MAX_FILES } from '../../src/manifest/source-checks/check-sources.ts';
import { readGen1Manifest } from '../../src/manifest/gen1-reader.ts';
import { parseYaml } from '../../src/manifest/yaml-parser.ts';
import { EditedText } from '../../src/manifest/source-text.ts';
import { before, convert, dedent, HEAD, R2017 } from './support/conversion.ts';
import type { Case } from './support/conversion.ts';

/** Where a finding comes from: a conversion, a check of a convox.yml, or a check of sources. */
type Source =
  | Pick<Case, 'gen1' | 'rack' | 'options'>
  | { readonly gen2: string; readonly rack?: string; readonly env?: readonly string[] }
  | { readonly files: Readonly<Record<string, string>>; readonly compose?: string; readonly env?: readonly string[] };

const shop = (rest: object): NonNullable<Case['options']> => ({ app: { name: 'shop', ...rest } });
const linkTo = (target: string): string => `
  web: {image: x, links: [api]}
  api: ${target}
`;

/** The smallest input for each code; the type makes sure that none is forgotten. */
const SOURCES: Readonly<Record<Exclude<FindingCode, 'unaccounted-key'>, Source>> = {
  'parse-error': { gen1: 'image: [' },
  'alias-limit': { gen1: bomb() },
  'version-rejected': { gen1: 'version: "3"\nservices: {}' },
  'validation-error': { gen1: 'image: x\nlinks: [none]' },
  'duplicate-key': { gen1: 'image: x\nimage: y' },
  'ignored-key': { gen1: 'image: x\nrestart: always' },
  'ignored-document': { gen1: 'web: {image: x}\n---\nother: {image: y}' },
  'interpolation-changed': { gen1: 'image: nginx$TAG' },
  'rack-version': { gen1: 'image: x', rack: 'latest' },
  'internal-needs-rack': { gen1: 'image: x\nports: ["80"]', rack: before('internal') },
  'name-invalid': { gen1: 'version: "2"\nservices: {Web: {image: x}}' },
  'port-choice': { gen1: 'image: x\nports: ["80:1", "443:2"]' },
  'port-dropped': { gen1: 'image: x\nports: ["80:1", "8080:2"]' },
  'port-not-http': { gen1: 'image: x\nports: ["22:22"]' },
  'nlb-needs-rack': { gen1: 'image: x\nports: ["22:22"]', options: { answers: { 'web.port': 'nlb' } } },
  udp: { gen1: 'image: x\nports: ["53/udp"]' },
  'public-port-changed': { gen1: 'image: x\nports: ["8080:80"]' },
  'internal-port-changed': { gen1: 'image: x\nports: ["80"]' },
  'listener-added': { gen1: 'image: x\nports: ["80:80"]' },
  'mixed-internal': { gen1: 'image: x\nports: ["80:80", "5000"]' },
  'proxy-protocol': { gen1: 'image: x\nports: ["80:80"]\nlabels: [convox.port.80.proxy=true]' },
  'tls-backend': { gen1: 'image: x\nports: ["443:443"]' },
  'protocol-tcp-to-http': { gen1: 'image: x\nports: ["80:80"]' },
  'balancer-disabled': { gen1: 'image: x\nports: ["80:80"]\nlabels: [convox.balancer=false]' },
  'balancer-name': { gen1: 'image: x\nlabels: [convox.balancer.name=a]' },
  'health-default': { gen1: 'image: x\nports: ["80:80"]' },
  'health-port': { gen1: 'image: x\nports: ["80:80", "8080:81"]\nlabels: [convox.health.port=81]' },
  'health-threshold': { gen1: 'image: x\nports: ["80:80"]\nlabels: [convox.health.threshold.healthy=3]' },
  'health-interval-adjusted': { gen1: 'image: x\nports: ["80:80"]\nlabels: [convox.health.timeout=1]' },
  'health-grace': { gen1: 'image: x\nports: ["80:80"]', rack: R2017, options: { answers: { 'web.grace': '9' } } },
  'env-undeclared': { gen1: 'image: x', options: shop({ envNames: ['A'] }) },
  'env-required-missing': { gen1: 'image: x\nenvironment: [A]', options: shop({ envNames: [] }) },
  'env-equals-default': { gen1: 'image: x\nenvironment: ["A=b=c"]', rack: R2017 },
  'env-empty-default': { gen1: 'image: x\nenvironment: [A=]' },
  'env-secure': { gen1: 'image: x\nlabels: [convox.environment.secure=true]' },
  'env-reserved': { gen1: 'image: x\nenvironment: [RACK=a]' },
  'env-process': { gen1: 'image: x' },
  'env-duplicate': { gen1: 'image: x\nenvironment: [A=1, A=2]' },
  'link-url-changed': { gen1: linkTo('{image: y, ports: ["80:80"]}') },
  'link-vars-lost': { gen1: linkTo('{image: y, ports: ["80:80"]}') },
  'link-no-http': { gen1: linkTo('{image: y, ports: ["22:22"]}') },
  'link-circular': { gen1: 'web: {image: x, ports: ["80:80"], links: [web]}' },
  'link-overrides-dropped': { gen1: 'image: x\nenvironment: [LINK_PATH=/a]' },
  'resource-created': { gen1: 'web: {image: redis}', options: { answers: { 'web.database': 'resource' } } },
  'resource-external': { gen1: 'web: {image: redis}', options: shop({ envNames: ['WEB_URL'] }) },
  'resource-type-unsupported': { gen1: 'web: {image: mongo}' },
  'resource-shadowed-by-env': {
    gen1: 'web: {image: redis}',
    options: { ...shop({ envNames: ['WEB_URL'] }), answers: { 'web.database': 'resource' } },
  },
  'data-not-migrated': { gen1: 'web: {image: redis}' },
  'build-args': { gen1: 'build: {context: ., args: [A=1]}' },
  'dockerfile-unsupported': { gen1: 'build: {dockerfile: a}', rack: R2017 },
  'entrypoint-lost': { gen1: 'image: x\nentrypoint: a' },
  'command-list-to-string': { gen1: 'image: x\ncommand: [a]', rack: R2017 },
  'command-unsafe-on-rack': { gen1: 'image: x\ncommand: a > b', rack: R2017 },
  'command-unmangled': { gen1: 'image: x\ncommand: [a, "<b>"]' },
  'extra-hosts': { gen1: 'image: x\nextra_hosts: ["a:1"]' },
  'timer-renamed': {
    gen1: `
      web: {image: x, labels: [convox.cron.tidy=0 3 * * ? a]}
      api: {image: x, labels: [convox.cron.tidy=0 3 * * ? b]}
    `,
  },
  'timer-schedule-invalid': { gen1: 'image: x\nlabels: [convox.cron.tidy=0 3 * * * a]' },
  'timer-env-missing': {
    gen1: `
      web: {image: x, links: [api], labels: [convox.cron.tidy=0 3 * * ? a]}
      api: {image: y, ports: ["80:80"]}
    `,
    rack: R2017,
  },
  'timer-lost': {
    gen1: 'web: {image: redis, labels: [convox.cron.tidy=0 3 * * ? a]}',
    options: shop({ envNames: ['WEB_URL'] }),
  },
  'volume-moved': { gen1: 'image: x\nvolumes: [/data]' },
  'volume-dropped': { gen1: 'image: x\nvolumes: ["./a:/b"]' },
  'host-path-unsupported': { gen1: 'image: x\nvolumes: ["/proc/:/host/proc/"]', rack: R2017 },
  'host-path-exposed': { gen1: 'image: x\nvolumes: ["/etc/passwd:/a"]' },
  'scale-from-formation': { gen1: 'image: x', options: shop({ formation: { web: { count: 1, cpu: 1, memory: 9 } } }) },
  'scale-from-manifest': { gen1: 'image: x\ncpu_shares: 9' },
  'scale-ignored-on-rack': {
    gen1: 'image: x',
    rack: R2017,
    options: shop({ formation: { web: { count: 1, cpu: 1, memory: 9 } } }),
  },
  'service-disabled': { gen1: 'image: x', options: shop({ formation: { web: { count: -1, cpu: 1, memory: 9 } } }) },
  drain: { gen1: 'image: x\nports: ["80:80"]\nlabels: [convox.draining.timeout=5]', rack: R2017 },
  deployment: { gen1: 'image: x\nlabels: [convox.deployment.minimum=100]', rack: R2017 },
  'idle-timeout': { gen1: 'image: x\nports: ["80:80"]\nlabels: [convox.idle.timeout=5]' },
  sticky: { gen1: 'image: x\nports: ["80:80"]', rack: R2017 },
  agent: { gen1: 'image: x\nlabels: [convox.agent=false]' },
  'agent-ports': { gen1: 'image: x\nports: [53/udp]\nlabels: [convox.agent=1]', rack: R2017 },
  'privileged-unsupported': { gen1: 'image: x\nprivileged: true', rack: R2017 },
  'domain-needed': { gen1: 'image: x\nports: ["80:80"]', options: { domains: { web: ['a.example.com'] } } },
  'app-parameter': { gen1: 'image: x', options: shop({ parameters: { TaskRole: 'arn' } }) },
  'answer-invalid': { gen1: 'image: x\nports: ["80:1", "443:2"]', options: { answers: { 'web.port': '3' } } },
  'answer-unused': { gen1: 'image: x', options: { answers: { 'wbe.port': '3' } } },
  'unknown-key': { gen2: 'services: {web: {imge: x}}' },
  'leftover-key': { gen2: 'services: {web: {ports: ["80:80"]}}' },
  'feature-missing': { gen2: 'services: {web: {drain: 5}}', rack: R2017 },
  'unknown-service': { gen2: 'services: {web: {links: [api]}}' },
  'unknown-resource': { gen2: 'services: {web: {resources: [db]}}' },
  'duplicate-name': { gen2: 'services: {web: {image: x}, web: {image: y}}' },
  'health-numbers': { gen2: 'services: {web: {port: 80, health: {timeout: 60}}}' },
  'env-default-lost': { gen2: 'services: {web: {environment: ["A=b=c"]}}', rack: R2017 },
  'env-not-string': { gen2: 'services: {web: {environment: [1]}}' },
  'value-ignored': { gen2: 'services: {web: {scale: {memory: "512"}}}' },
  'domain-unset': { gen2: 'services: {web: {port: 80, domain: "${HOST}"}}', env: [] },
  'domain-list-variable': { gen2: 'services: {web: {port: 80, domain: ["${HOST}"]}}', env: ['HOST'] },
  'merge-key': { gen2: 'services: {web: {<<: {image: x}}}', rack: R2017 },
  'proxy-host-header': {
    files: { 'nginx.conf': 'location / {\n  proxy_set_header Host $host;\n  proxy_pass http://api;\n}\n' },
  },
  'proxy-forwarded-for': { files: { 'haproxy.cfg': 'defaults\n  option forwardfor\nfrontend a\n' } },
  'proxy-scheme': { files: { 'nginx.conf': 'server {\n  return 301 https://$host$request_uri;\n}\n' } },
  'dockerfile-arg': { files: { Dockerfile: 'FROM x\nARG TOKEN\n' }, env: ['TOKEN'] },
  'link-variable-read': {
    files: { 'app.js': 'connect(process.env.API_HOST)\n' },
    compose: linkTo('{image: y, ports: ["80:80"]}'),
  },
  'host-allow-list': { files: { 'shop/settings.py': 'ALLOWED_HOSTS = ["shop.example.com"]\n' } },
  'secure-environment-tool': { files: { 'start.sh': 'curl "$SECURE_ENVIRONMENT_URL"\n' } },
  'source-limit': {
    files: Object.fromEntries(Array.from({ length: MAX_FILES + 1 }, (_, index) => [`${index}.txt`, ''])),
  },
};

function bomb(): string {
  const tenfold = (name: string): string => `[${Array.from({ length: 10 }, () => `*${name}`).join(', ')}]`;
  const levels = ['b', 'c', 'd', 'e', 'f', 'g'].map((name, index) => `${name}: &${name} ${tenfold('abcdef'[index]!)}`);
  return `version: "2"\na: &a [x]\n${levels.join('\n')}\n`;
}

async function findingsOf(source: Source): Promise<readonly Finding[]> {
  if ('gen1' in source) return convert(source.gen1, source.rack ?? HEAD, source.options).findings;
  if ('gen2' in source) {
    const options = {
      rackVersion: source.rack ?? HEAD,
      ...(source.env === undefined ? {} : { env: new Set(source.env) }),
    };
    const { manifest, findings } = readGen2Manifest(source.gen2, options);
    return [...findings, ...(manifest === undefined ? [] : checkGen2Manifest(manifest, options))];
  }
  const compose = source.compose === undefined ? undefined : convertible(source.compose);
  const files = {
    listFiles: () => Promise.resolve(Object.keys(source.files)),
    readFile: (path: string) => Promise.resolve(source.files[path] ?? ''),
  };
  const options = {
    ...(compose === undefined ? {} : { manifest: compose }),
    ...(source.env === undefined ? {} : { envNames: source.env }),
  };
  return checkSources(files, options, new AbortController().signal);
}

function convertible(text: string): Gen1Manifest {
  const { manifest } = readGen1Manifest(dedent(text));
  if (manifest === undefined) throw new Error('the case is not a valid manifest');
  return manifest;
}

describe('the catalogue of findings', () => {
  it.each(Object.entries(SOURCES))(
    '%s is raised by a small input, with a place, a message and a hint',
    async (code, source) => {
      const findings = await findingsOf(source);

      const finding = findings.find((candidate) => candidate.code === code);
      expect(finding, JSON.stringify(findings.map((found) => found.code))).toBeDefined();
      expect(finding!.message).toMatch(/\S.*[.]$|: env: \w+$|required env/);
      expect(finding!.hint).not.toBe('');
      expect(`${finding!.message} ${finding!.hint}`).not.toMatch(/undefined|NaN|\[object/);
    },
  );

  it('unaccounted-key is raised for a key that nobody marked', () => {
    const { root } = parseYaml(new EditedText('web: {image: x}'));

    const { unmarked } = new Ledger().account(root!);

    expect(unmarked.map(({ path }) => path)).toEqual(['web.image']);
  });

  it('every code has a sentence', () => {
    for (const sentence of Object.values(FINDING_CODES)) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});
