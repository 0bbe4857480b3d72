import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DraftMap, variableReference } from '../../src/manifest/draft.ts';
import { writeManifest } from '../../src/manifest/writer.ts';
import { convert, dedent, HEAD } from './support/conversion.ts';

function write(fields: DraftMap): string {
  return writeManifest({ services: [{ name: 'web', fields }], timers: new DraftMap(), resources: new DraftMap() });
}

describe('the written manifest', () => {
  it.each([
    'yes',
    'no',
    'on',
    'off',
    'y',
    'n',
    'true',
    'null',
    '~',
    '010',
    '0x10',
    '0o7',
    '0b1',
    '1_000',
    '22:22',
    '1e3',
    '.5',
    '-1',
    '+1',
    '2018-01-01',
    '=',
    '<<',
    '*',
    '*.example.com',
    '',
    ' x',
    'x ',
    'a: b',
    'a #b',
    '# a',
    '- a',
    '? a',
    '[a',
    '{a',
    '"a',
    "'a",
    '&a',
    '!a',
    '%a',
    '@a',
    '`a',
    '>',
    '|',
    'a:',
    '0 3 * * ?',
    'a\tb',
  ])('quotes %j', (text) => {
    const written = write(new DraftMap().set('command', text));

    expect(written).toBe(`services:\n  web:\n    command: ${JSON.stringify(text)}\n`);
    expect(parse(written, { version: '1.1' })).toEqual({ services: { web: { command: text } } });
  });

  it.each([
    'bin/web --port 5000',
    './api',
    '.',
    '/check',
    'A=b',
    'nginx:1.13',
    "it's",
    'a && b',
    '$HOME/x',
    'a=b,c',
    'x*y',
  ])('leaves %j plain', (text) => {
    expect(write(new DraftMap().set('command', text))).toBe(`services:\n  web:\n    command: ${text}\n`);
  });

  it('writes numbers and switches without quotes', () => {
    expect(write(new DraftMap().set('drain', 60).set('internal', true))).toBe(
      'services:\n  web:\n    drain: 60\n    internal: true\n',
    );
  });

  it('writes a variable that is meant, and hides one that is not', () => {
    const fields = new DraftMap().set('domain', variableReference('HOST')).set('command', 'echo ${HOST}');

    expect(write(fields)).toBe('services:\n  web:\n    command: "echo \\x24{HOST}"\n    domain: ${HOST}\n');
  });

  it('writes no variable into a comment, where a value of several lines would leave it', () => {
    expect(write(new DraftMap().set('drain', 60, 'a ${KEY}\nb: c'))).toBe(
      'services:\n  web:\n    # a {KEY} b: c\n    drain: 60\n',
    );
  });

  it('keeps the order of the services and sorts the keys of each', () => {
    const services = ['zebra', 'apple'].map((name) => ({
      name,
      fields: new DraftMap().set('port', 1).set('build', '.'),
    }));

    expect(writeManifest({ services, timers: new DraftMap(), resources: new DraftMap() })).toBe(
      dedent(`
        services:
          zebra:
            build: .
            port: 1
          apple:
            build: .
            port: 1
      `),
    );
  });

  it('is what the reference says for its example', () => {
    const { manifest, domainValues } = convert(
      `
        version: "2"
        services:
          web:
            build:
              context: .
              dockerfile: Dockerfile.web
            command: ["bin/web", "--name", "my app"]
            environment:
              - RACK_ENV=production
              - SECRET
              - OPTIONAL
            labels:
              - convox.port.443.protocol=https
              - convox.health.path=/check
              - convox.health.timeout=10
              - convox.idle.timeout=60
              - convox.cron.nightly=0 3 * * ? bin/nightly
            links: [api, database]
            ports: ["80:5000", "443:5000"]
          api:
            build: ./api
            ports: ["6000"]
          database:
            image: convox/postgres
            ports: [5432]
      `,
      HEAD,
      {
        app: {
          name: 'shop',
          envNames: ['SECRET', 'DATABASE_URL'],
          formation: { web: { count: 2, cpu: 128, memory: 512 }, database: { count: -1, cpu: 0, memory: 256 } },
          dnsNames: { web: ['shop.example.com'] },
        },
      },
    );

    expect(domainValues).toEqual({ DOMAINS_WEB: 'shop.example.com' });
    expect(manifest).toBe(
      dedent(`
        services:
          web:
            build:
              path: .
              manifest: Dockerfile.web
            command:
              - bin/web
              - "--name"
              - my app
            # Value of the variable: shop.example.com
            domain: \${DOMAINS_WEB}
            drain: 60
            environment:
              - "*"
              - RACK_ENV=production
            health:
              path: /check
              interval: 12
              timeout: 10
            links:
              - api
            port: 5000
            scale:
              count: 2
              cpu: 128
              memory: 512
            sticky: false
          api:
            build: ./api
            drain: 60
            environment:
              - "*"
            # Assumed: no health path was declared.
            health: /
            internal: true
            port: 6000
            sticky: false
        timers:
          nightly:
            command: bin/nightly
            schedule: "0 3 * * ?"
            service: web
      `),
    );
  });

  it('notes the decisions that were taken', () => {
    const { manifest } = convert('image: x\nports: ["80:1", "443:2"]', HEAD, {
      answers: { 'web.port': '2', 'web.health': '/up', 'web.grace': '90' },
    });

    expect(manifest).toContain('    # Decided: web.port = 2.\n    port: 2\n');
    expect(manifest).toContain('      # Decided: web.health.\n      path: /up\n');
    expect(manifest).toContain('      # Decided: web.grace = 90.\n      grace: 90\n');
  });
});
