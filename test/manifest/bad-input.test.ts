import { describe, expect, it } from 'vitest';
import { convertManifest } from '../../src/manifest/convert.ts';
import { readGen2Manifest } from '../../src/manifest/gen2-reader.ts';
import { HEAD } from './support/conversion.ts';

const SECRET = 'hunter2-canary';

/** Text, and where the first finding must point. */
const BAD: Readonly<Record<string, { readonly text: string; readonly line: number; readonly column: number }>> = {
  'an empty file': { text: '', line: 1, column: 1 },
  'only comments': { text: '# nothing\n', line: 1, column: 1 },
  'not YAML': { text: 'a: b: c\n', line: 1, column: 4 },
  'a bracket that is not closed': { text: 'web:\n  image: [a\n', line: 3, column: 1 },
  'a quote that is not closed': { text: 'web:\n  image: "a\n', line: 3, column: 1 },
  'an HTML page': { text: '<!DOCTYPE html>\n<html>\n', line: 1, column: 1 },
  'a list': { text: '- a\n', line: 1, column: 1 },
  'a number': { text: '5\n', line: 1, column: 1 },
  'a tab as indentation': { text: 'web:\n\timage: x\n', line: 2, column: 1 },
  'wrong indentation': { text: 'web:\n  image: x\n build: .\n', line: 3, column: 1 },
  'an alias without an anchor': { text: 'web: *base\n', line: 1, column: 6 },
  'an anchor that contains itself': { text: 'web: &a {x: *a}\n', line: 1, column: 9 },
  'a map as a key': { text: 'web:\n  {a: b}: c\n', line: 2, column: 3 },
  'a list as a service': { text: 'web: [a]\n', line: 1, column: 6 },
  'text as a service': { text: 'web: nginx\n', line: 1, column: 6 },
  'a tag that does not fit': { text: 'web: {image: !!int x}\n', line: 1, column: 20 },
  'a NUL byte': { text: 'web:\n  image: a\u0000b\n', line: 2, column: 11 },
  'bytes that are not UTF-8': { text: 'web: {image: \uFFFD}\n', line: 1, column: 14 },
  'a gzip file': { text: '\u001f\uFFFD\b\u0000\u0000', line: 1, column: 1 },
  'line ends of old Macs': { text: 'web:\r  image: x\r', line: 1, column: 5 },
  'a line separator that racks take for a line end': { text: 'web: {image: "a\u2028b"}\n', line: 1, column: 16 },
  'private-use characters': { text: 'web: {image: "\uE000A\uE001"}\n', line: 1, column: 15 },
  'an escape of a private-use character': { text: 'web: {image: "\\uE000A"}\n', line: 1, column: 14 },
  '100,000 open brackets': { text: `web: ${'['.repeat(100_000)}`, line: 1, column: 66 },
  '100,000 nested list dashes': { text: `web:\n  ${'- '.repeat(100_000)}`, line: 2, column: 123 },
  'ten megabytes': { text: `web: {image: ${'x'.repeat(10_000_000)}}\n`, line: 1, column: 1 },
};

describe('bad input', () => {
  it.each(Object.entries(BAD))(
    '%s is a finding with its place, and nothing is written',
    (_, { text, line, column }) => {
      const started = performance.now();

      const { manifest, findings } = convertManifest({ compose: text, rack: { version: HEAD } });

      expect(manifest).toBeUndefined();
      expect(findings[0]).toMatchObject({ severity: 'blocker', file: 'docker-compose.yml', line, column });
      expect(performance.now() - started).toBeLessThan(5000);
    },
  );

  it.each(Object.entries(BAD).filter(([name]) => !['a list as a service', 'text as a service'].includes(name)))(
    '%s as a convox.yml is a finding as well',
    (_, { text }) => {
      const { manifest, findings } = readGen2Manifest(text, { rackVersion: HEAD });

      expect(findings.some(({ severity }) => severity !== 'info')).toBe(true);
      expect(manifest?.services ?? []).toEqual([]);
    },
  );

  it('a bomb of aliases is refused before it expands', () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}*l${level}]`,
    );

    const { findings } = convertManifest({ compose: `l0: &l0 [x]\n${levels.join('\n')}\n`, rack: { version: HEAD } });

    expect(findings[0]).toMatchObject({ code: 'alias-limit', severity: 'blocker' });
  });

  it('ordinary anchors, a byte order mark and Windows line ends are no problem', () => {
    const compose = '\uFEFFversion: "2"\r\nx-base: &base {image: x}\r\nservices:\r\n  web:\r\n    <<: *base\r\n';

    const { manifest, findings, accounting } = convertManifest({ compose, rack: { version: HEAD } });

    expect(manifest).toContain('image: x\n');
    expect(findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
    expect(accounting[0]).toMatchObject({ path: 'version', line: 1, column: 1 });
  });

  it.each([
    ['an environment value', `web:\n  image: x\n  environment: [{A: ${SECRET}}]\n`],
    ['a value of the wrong kind', `web:\n  image: x\n  environment: {A: [${SECRET}]}\n`],
    ['broken YAML', `web:\n  environment: {A: "${SECRET}\n`],
    ['a plain scalar that is not finished', `web:\n  environment:\n    A: b: ${SECRET}\n`],
    ['a bad label', `web:\n  image: x\n  labels: [${SECRET}]\n`],
    ['a default with "="', `web:\n  image: x\n  environment: ["A=${SECRET}=b"]\n`],
    ['a build argument', `web:\n  build: {context: ., args: {A: ${SECRET}}}\n`],
    ['a mangled command', `web:\n  image: x\n  command: a && b ${SECRET}\n`],
    ['a timer', `web:\n  image: x\n  labels: ["convox.cron.tidy=0 0 * * ? a > ${SECRET}"]\n`],
  ])('no message quotes %s', (_, compose) => {
    const conversion = convertManifest({ compose, rack: { version: '20171213132441' } });

    expect(conversion.findings.length).toBeGreaterThan(0);
    expect(JSON.stringify([conversion.findings, conversion.accounting, conversion.decisions])).not.toContain(SECRET);
  });
});
