import { describe, expect, it } from 'vitest';
import { checkGen2Manifest } from '../../src/manifest/gen2-check.ts';
import { readGen2Manifest } from '../../src/manifest/gen2-reader.ts';
import type { Gen2ReadOptions } from '../../src/manifest/gen2-reader.ts';
import type { Gen2Manifest, Gen2Service } from '../../src/manifest/gen2-types.ts';
import { dedent, HEAD, R2017, say } from './support/conversion.ts';

function read(
  text: string,
  options: Partial<Gen2ReadOptions> = {},
): { manifest: Gen2Manifest; says: readonly string[] } {
  const { manifest, findings } = readGen2Manifest(dedent(text), { rackVersion: HEAD, ...options });
  if (manifest === undefined) throw new Error(JSON.stringify(findings));
  return { manifest, says: say(findings) };
}

function web(body: string, options: Partial<Gen2ReadOptions> = {}): Gen2Service {
  return read(`services:\n  web: ${body}\n`, options).manifest.services[0]!;
}

function check(text: string, options: Partial<Gen2ReadOptions> & { rackInternal?: boolean } = {}): readonly string[] {
  const { manifest, findings } = readGen2Manifest(dedent(text), { rackVersion: HEAD, ...options });
  return say([
    ...findings,
    ...(manifest === undefined
      ? []
      : checkGen2Manifest(manifest, { rackVersion: HEAD, rackInternal: true, ...options })),
  ]);
}

describe('the interpolation of generation 2', () => {
  const env = new Map([
    ['HOST', 'a.example.com,b.example.com'],
    ['PORT', '5000'],
    ['EMPTY', ''],
  ]);

  it.each([
    ['a variable', 'domain: ${HOST}', ['a.example.com', 'b.example.com']],
    ['a quoted variable', 'domain: "${HOST}"', ['a.example.com', 'b.example.com']],
    ['an empty variable', 'domain: ${EMPTY}', []],
    ['a variable that is not set', 'domain: ${NONE}', []],
    ['a variable beside text', 'domain: "${EMPTY},c.example.com"', ['c.example.com']],
    ['a list', 'domain: [a.example.com, b.example.com]', ['a.example.com', 'b.example.com']],
    ['no variable at all', 'domain: c.example.com', ['c.example.com']],
  ])('resolves the domain from %s', (_, domain, resolved) => {
    expect(web(`\n    port: 80\n    ${domain}`, { env }).domain?.resolved).toEqual(resolved);
  });

  it.each([
    ['domain: ${HOST}', 'HOST'],
    ['domain: "${HOST}"', 'HOST'],
    ['domain: ${NONE}', 'NONE'],
    ['domain: ${HOST},a.example.com', undefined],
    ['domain: [a.example.com]', undefined],
    ['domain: a.example.com', undefined],
  ])('knows the variable of %s', (domain, variable) => {
    expect(web(`\n    port: 80\n    ${domain}`, { env }).domain?.variable).toBe(variable);
    expect(web(`\n    port: 80\n    ${domain}`).domain?.variable).toBe(variable);
  });

  it('leaves names unresolved when only the names of the environment are known', () => {
    const service = web('{port: 80, domain: "${HOST}"}', { env: new Set(['HOST']) });

    expect(service.domain).toMatchObject({ text: '${HOST}', resolved: undefined, variable: 'HOST' });
  });

  it('takes a port from a variable, and no port from one that is not set', () => {
    expect(web('{port: $' + '{PORT}}', { env }).port).toBe(5000);
    expect(web('{port: $' + '{NONE}}', { env }).port).toBeUndefined();
    expect(check('services: {web: {port: "${NONE}"}}', { env })).toContain('blocker parse-error');
  });

  it('knows no defaults and no escapes', () => {
    const { manifest, says } = read(
      'services: {web: {port: 80, command: "a ${X:-b} $${PORT} $PORT", health: "/${X:-b}$${PORT}"}}',
      { env },
    );

    expect(manifest.services[0]!.health.path).toBe('/$5000');
    expect(says.filter((text) => text === 'choice interpolation-changed')).toHaveLength(2);
  });

  it('keeps the places of what follows a long value, and never shows the value', () => {
    const secret = new Map([['LONG', 'secret-value'.repeat(20)]]);
    const { findings } = readGen2Manifest(
      'services: {web: {image: "${LONG}", imge: x, links: ["${LONG}"], port: "${LONG}"}}',
      { rackVersion: HEAD, env: secret },
    );

    expect(findings.find(({ code }) => code === 'unknown-key')).toMatchObject({ line: 1, column: 36 });
    expect(JSON.stringify(findings)).not.toContain('secret-value');
  });

  it('a value of several lines that is not quoted is what a rack would make of it', () => {
    const { findings } = readGen2Manifest('services:\n  web:\n    image: ${KEY}\n', {
      rackVersion: HEAD,
      env: new Map([['KEY', 'a\nb: c']]),
    });

    expect(findings[0]).toMatchObject({ code: 'unknown-key', line: 3, message: 'The rack ignores ${KEY}.' });
    expect(JSON.stringify(findings)).not.toContain('b: c');
  });
});

describe('the forms of generation 2 keys', () => {
  it.each([
    ['port: 5000', { port: 5000, scheme: 'http' }],
    ['port: "5000"', { port: 5000, scheme: 'http' }],
    ['port: https:5000', { port: 5000, scheme: 'https' }],
    ['port: {port: 5000, scheme: https}', { port: 5000, scheme: 'https' }],
    ['port: grpc:5000', { port: 5000, scheme: 'grpc' }],
    ['health: /c', { health: { path: '/c', intervalSeconds: 5, timeoutSeconds: 4, graceSeconds: 5 } }],
    [
      'health: {path: /c, interval: 20}',
      { health: { path: '/c', intervalSeconds: 20, timeoutSeconds: 19, graceSeconds: 20 } },
    ],
    [
      'health: {timeout: 3, grace: 60}',
      { health: { path: '/', intervalSeconds: 5, timeoutSeconds: 3, graceSeconds: 60 } },
    ],
    ['build: ./a', { build: { path: './a', manifest: 'Dockerfile' } }],
    ['build: {manifest: D}', { build: { path: '.', manifest: 'D' } }],
    ['image: x', { image: 'x', build: undefined }],
    ['internal: true', { isInternal: true }],
    ['internalAndExternal: true', { isInternal: true }],
    ['agent: true', { isAgent: true }],
    ['agent: {enabled: false}', { isAgent: true }],
    ['scale: 3', { scale: { count: { min: 3, max: 3 }, cpu: undefined, memory: undefined } }],
    ['scale: 1-5', { scale: { count: { min: 1, max: 5 }, cpu: undefined, memory: undefined } }],
    [
      'scale: {count: {min: 1, max: 5}, cpu: 64, memory: 512}',
      { scale: { count: { min: 1, max: 5 }, cpu: 64, memory: 512 } },
    ],
    ['nlb: [{port: 22}]', { nlbPorts: [22] }],
    [
      'environment: [A, B=, "C=x=y", [D]]',
      {
        environment: [
          { name: 'A', hasDefault: false },
          { name: 'B', hasDefault: true },
          { name: 'C', hasEqualsInDefault: true },
          { name: 'D' },
        ],
      },
    ],
  ])('reads %s', (body, service) => {
    expect(web(`{${body}}`)).toMatchObject(service);
  });

  it.each([
    ['port: 3000/http', 'blocker parse-error'],
    ['port: ftp:21', 'blocker parse-error'],
    ['port: {scheme: https}', 'blocker parse-error'],
    ['port: [80]', 'blocker parse-error'],
    ['port: true', 'blocker parse-error'],
    ['environment: {A: b}', 'blocker parse-error'],
    ['environment: [5]', 'blocker env-not-string'],
    ['environment: [{A: b}]', 'blocker env-not-string'],
    ['domain: [~]', 'blocker parse-error'],
    ['domain: 5', 'blocker parse-error'],
    ['health: {interval: "20"}', 'blocker value-ignored'],
    ['health: [/]', 'blocker parse-error'],
    ['health: 5', 'blocker parse-error'],
    ['scale: {cpu: "64"}', 'blocker value-ignored'],
    ['scale: many', 'blocker parse-error'],
    ['internal: "true"', 'blocker parse-error'],
    ['drain: "60"', 'blocker value-ignored'],
    ['links: api', 'blocker parse-error'],
    ['build: [.]', 'blocker parse-error'],
    ['command: {a: b}', 'blocker parse-error'],
    ['nlb: {port: 22}', 'blocker parse-error'],
    ['ports: ["80:80"]', 'choice leftover-key'],
    ['labels: {a: b}', 'choice leftover-key'],
    ['dockerfile: D', 'choice leftover-key'],
    ['mem_limit: 512m', 'choice leftover-key'],
    ['build: {context: .}', 'choice leftover-key'],
    ['health: {disable: true}', 'choice leftover-key'],
    ['timeout: 60', 'choice leftover-key'],
    ['enviroment: [A]', 'choice unknown-key'],
    ['build: {target: x}', 'choice unknown-key'],
  ])('complains about %s', (body, complaint) => {
    expect(check(`services: {web: {${body}}}`)).toContain(complaint);
  });

  it.each([
    ['version: "2"\nservices: {web: {}}', 'choice leftover-key'],
    ['service: {web: {}}', 'choice unknown-key'],
    ['services: [web]', 'blocker parse-error'],
    ['services: {web: [a]}', 'blocker parse-error'],
    ['services: {web: {}}\ntimers: {tidy: [a]}', 'blocker parse-error'],
    ['services: {web: {}}\nresources: {db: postgres}', 'blocker parse-error'],
    [
      'services: {web: {}}\ntimers: {tidy: {command: a, schedule: "0 3 * * ?", service: web}, tidy: {}}',
      'blocker duplicate-name',
    ],
    ['services: {web: {}}\n---\nservices: {}', 'choice ignored-document'],
    ['services: {}', 'choice validation-error'],
  ])('complains about the file %j', (text, complaint) => {
    expect(check(text)).toContain(complaint);
  });
});

describe('the checks of a convox.yml', () => {
  it.each([
    ['a link to nothing', 'services: {web: {links: [api]}}', 'blocker unknown-service'],
    ['a link to a service without a port', 'services: {web: {links: [api]}, api: {}}', 'choice link-no-http'],
    ['a resource that is not declared', 'services: {web: {resources: [db]}}', 'blocker unknown-resource'],
    [
      'a timer in a service that is not there',
      'services: {web: {}}\ntimers: {a: {service: api, command: a, schedule: "0 3 * * ?"}}',
      'blocker unknown-service',
    ],
    [
      'a schedule with two spaces',
      'services: {web: {}}\ntimers: {a: {service: web, command: a, schedule: "0  3 * * ?"}}',
      'blocker timer-schedule-invalid',
    ],
    [
      'a schedule without a question mark',
      'services: {web: {}}\ntimers: {a: {service: web, command: a, schedule: "0 3 * * *"}}',
      'blocker timer-schedule-invalid',
    ],
    [
      'an interval that is not above the timeout',
      'services: {web: {port: 80, health: {timeout: 5}}}',
      'blocker health-numbers',
    ],
    [
      'an interval above 300',
      'services: {web: {port: 80, health: {interval: 301, timeout: 5}}}',
      'blocker health-numbers',
    ],
    ['a timeout of 1', 'services: {web: {port: 80, health: {interval: 5, timeout: 1}}}', 'blocker health-numbers'],
    ['a health path without a slash', 'services: {web: {port: 80, health: check}}', 'blocker health-numbers'],
    ['a name with an underscore', 'services: {my_web: {}}', 'blocker name-invalid'],
    ['a name in upper case', 'services: {Web: {}}', 'blocker name-invalid'],
    ['a reserved variable', 'services: {web: {environment: [RACK=a]}}', 'choice env-reserved'],
    [
      'a resource type that never was',
      'resources: {q: {type: rabbitmq}}\nservices: {web: {}}',
      'blocker resource-type-unsupported',
    ],
    ['a volume with a mode', 'services: {web: {volumes: ["/a:/b:ro"]}}', 'choice value-ignored'],
    ['a domain list from a variable', 'services: {web: {port: 80, domain: ["${A}"]}}', 'choice domain-list-variable'],
    [
      'a domain half from a variable',
      'services: {web: {port: 80, domain: "${A},b.example.com"}}',
      'choice domain-list-variable',
    ],
  ])('complains about %s', (_, text, complaint) => {
    expect(check(text)).toContain(complaint);
  });

  it('fails a required variable as build and promote do', () => {
    expect(check('services: {web: {environment: [A, B=]}}', { env: new Set() })).toContain(
      'blocker env-required-missing',
    );
    expect(check('services: {web: {environment: [A, B=]}}', { env: new Set(['A']) })).not.toContain(
      'blocker env-required-missing',
    );
    expect(check('services: {web: {environment: [A]}}')).not.toContain('blocker env-required-missing');
  });

  it('requires the variables of the top-level environment in every service', () => {
    expect(check('environment: [A]\nservices: {web: {}}', { env: new Set() })).toContain(
      'blocker env-required-missing',
    );
  });

  it('says which variables do not reach a service', () => {
    const env = new Set(['A', 'B', 'RACK']);
    const { manifest } = read('services: {web: {environment: [A]}}', { env });

    const finding = checkGen2Manifest(manifest, { rackVersion: HEAD, env }).find(
      ({ code }) => code === 'env-undeclared',
    );

    expect(finding?.message).toBe('1 variable of the app environment does not reach web: B.');
  });

  it('says that a domain variable is not set', () => {
    expect(check('services: {web: {port: 80, domain: "${HOST}"}}', { env: new Set() })).toContain(
      'choice domain-unset',
    );
    expect(check('services: {web: {port: 80, domain: "${HOST}"}}', { env: new Set(['HOST']) })).not.toContain(
      'choice domain-unset',
    );
  });

  it('says that an internal service needs the rack parameter', () => {
    const text = 'services: {web: {port: 80, internal: true}}';

    expect(check(text, { rackInternal: false })).toContain('change internal-needs-rack');
    expect(check(text, { rackInternal: true })).not.toContain('change internal-needs-rack');
  });

  it('refuses merge keys on the racks that drop what they bring', () => {
    const text = 'services: {web: {<<: {image: x}, port: 80}}';

    expect(check(text, { rackVersion: R2017 })).toContain('blocker merge-key');
    expect(check(text)).not.toContain('choice merge-key');
  });

  it('finds nothing to say about a plain manifest', () => {
    const text = `
      resources:
        database:
          type: postgres
      services:
        web:
          build: .
          environment: [SECRET]
          health: /check
          links: [api]
          port: 5000
          resources: [database]
        api:
          image: example/api
          internal: true
          port: 6000
      timers:
        nightly:
          command: bin/nightly
          schedule: "0 3 * * ?"
          service: web
    `;

    expect(check(text, { rackVersion: R2017, env: new Set(['SECRET']) })).toEqual([]);
  });
});
