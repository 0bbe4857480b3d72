import { describe, expect, test } from 'vitest';
import { withDomainVariables } from '../../src/manifest/domain-variables.ts';
import { readGen2Manifest } from '../../src/manifest/gen2-reader.ts';

const options = { rackVersion: '20260421192651' };
const WEB = [{ service: 'web', variable: 'DOMAINS_WEB' }];
const manifest = (domain: string): string =>
  `# ours\nservices:\n  web:\n    build: .\n${domain}    port: 3000 # plain\n  worker:\n    build: .\n    command: "x: y"\n`;

describe('domains written in convox.yml', () => {
  test.each([
    ['a scalar', '    domain: shop.example.com\n', '    domain: "${DOMAINS_WEB}"\n'],
    ['several names', '    domain: a.example.com,b.example.com # two\n', '    domain: "${DOMAINS_WEB}" # two\n'],
    ['a quoted name', "    domain: 'a.example.com'\n", '    domain: "${DOMAINS_WEB}"\n'],
    ['a list', '    domain: [a.example.com, b.example.com]\n', '    domain: "${DOMAINS_WEB}"\n'],
    [
      'a list in lines',
      '    domain:\n      - a.example.com\n      - b.example.com\n',
      '    domain:\n      "${DOMAINS_WEB}"\n',
    ],
  ])('%s comes from the variable, and nothing else changes', (_, before, after) => {
    const changed = withDomainVariables(manifest(before), WEB, options);

    expect(changed).toBe(manifest(after));
    const read = readGen2Manifest(changed ?? '', options);
    expect(read.findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
    expect(read.manifest?.services.map(({ domain }) => domain?.variable)).toEqual(['DOMAINS_WEB', undefined]);
  });

  test('two services at once', () => {
    const text = 'services:\n  a:\n    image: x\n    domain: a.example.com\n  b: {image: x, domain: b.example.com}\n';
    const both = [
      { service: 'a', variable: 'DOMAINS_A' },
      { service: 'b', variable: 'DOMAINS_B' },
    ];
    expect(withDomainVariables(text, both, options)).toBe(
      'services:\n  a:\n    image: x\n    domain: "${DOMAINS_A}"\n  b: {image: x, domain: "${DOMAINS_B}"}\n',
    );
  });

  test.each([
    ['a domain from another map', 'x: &x\n  domain: a.example.com\nservices:\n  web:\n    <<: *x\n    image: y\n'],
    [
      'a domain others take over',
      'services:\n  web:\n    image: y\n    domain: &d a.example.com\n  api:\n    image: y\n    domain: *d\n',
    ],
    ['a service without one', 'services:\n  web:\n    image: y\n'],
    ['a text that is no YAML', 'services: [\n'],
  ])('%s is left alone', (_, text) => {
    expect(withDomainVariables(text, WEB, options)).toBeUndefined();
  });
});
