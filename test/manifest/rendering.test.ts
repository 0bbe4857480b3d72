import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/manifest/finding.ts';
import { renderFindings, summarize } from '../../src/manifest/findings-table.ts';
import { renderSarif } from '../../src/manifest/sarif.ts';
import { planManifestWrite, requireManifest } from '../../src/manifest/write-plan.ts';
import { convert, dedent } from './support/conversion.ts';

const FINDINGS: readonly Finding[] = [
  { code: 'sticky', severity: 'info', message: 'Sessions are sticky.', hint: 'Nothing to do.' },
  {
    code: 'udp',
    severity: 'blocker',
    service: 'web',
    file: 'docker-compose.yml',
    line: 7,
    column: 9,
    message: 'Generation 2 does not publish host port 53/udp of web: only agents have host ports.',
    hint: 'Make it an agent, or use TCP.',
    decision: 'web.port.53.udp',
  },
];

describe('the table of findings', () => {
  it('puts the weightiest first, wraps text and ends with a summary', () => {
    expect(renderFindings(FINDINGS, 100)).toBe(
      dedent(`
        severity  service  line                  what                          what to do
        blocker   web      docker-compose.yml:7  Generation 2 does not         Make it an agent, or use
                                                 publish host port 53/udp of   TCP.
                                                 web: only agents have host
                                                 ports.
        info      -        -                     Sessions are sticky.          Nothing to do.

        1 blocker, 1 info
      `),
    );
  });

  it('becomes short paragraphs on a narrow terminal', () => {
    const text = renderFindings(FINDINGS, 40);

    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(text).toContain('blocker  docker-compose.yml:7  web\n  Generation 2 does not publish host\n');
    expect(text).toContain('  -> Make it an agent, or use TCP.\n');
  });

  it('says so when there is nothing to say', () => {
    expect(renderFindings([], 80)).toBe('No findings.\n');
    expect(summarize([])).toBe('no findings');
    expect(summarize([...FINDINGS, ...FINDINGS])).toBe('2 blockers, 2 infos');
  });
});

describe('SARIF', () => {
  it('has the shape that code hosts read, one rule a code, and places only where there are some', () => {
    const log = JSON.parse(renderSarif(FINDINGS, '1.2.3')) as {
      version: string;
      runs: { tool: { driver: object }; results: object[] }[];
    };

    expect(log.version).toBe('2.1.0');
    expect(log.runs[0]!.tool.driver).toEqual({
      name: 'convox-gen2',
      version: '1.2.3',
      rules: [
        { id: 'sticky', shortDescription: { text: expect.any(String) as string } },
        { id: 'udp', shortDescription: { text: expect.any(String) as string } },
      ],
    });
    expect(log.runs[0]!.results).toEqual([
      {
        ruleId: 'sticky',
        ruleIndex: 0,
        level: 'note',
        message: { text: 'Sessions are sticky. Nothing to do.' },
        properties: { severity: 'info' },
      },
      {
        ruleId: 'udp',
        ruleIndex: 1,
        level: 'error',
        message: { text: expect.stringContaining('53/udp') as string },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: 'docker-compose.yml' },
              region: { startLine: 7, startColumn: 9 },
            },
          },
        ],
        properties: { severity: 'blocker', service: 'web', decision: 'web.port.53.udp' },
      },
    ]);
  });

  it('escapes file names as URIs', () => {
    expect(renderSarif([{ ...FINDINGS[1]!, file: 'my dir/ü#.conf' }], '1')).toContain(
      '"uri": "my%20dir/%C3%BC%23.conf"',
    );
  });

  it('renders no findings as an empty run', () => {
    expect(JSON.parse(renderSarif([], '1'))).toMatchObject({ runs: [{ results: [] }] });
  });
});

describe('the plan for writing a file', () => {
  const request = { path: 'convox.yml', text: 'new', mayReplace: false };

  it.each([
    ['creates a file that is not there', undefined, false, 'create'],
    ['leaves an equal file alone', 'new', false, 'unchanged'],
    ['replaces another one when told to', 'old', true, 'replace'],
  ])('%s', (_, existing, mayReplace, action) => {
    expect(planManifestWrite({ ...request, existing, mayReplace })).toEqual({
      action,
      path: 'convox.yml',
      temporaryPath: 'convox.yml.gen2-new',
      text: 'new',
    });
  });

  it('never replaces another file unless told to', () => {
    expect(() => planManifestWrite({ ...request, existing: 'old' })).toThrow(
      expect.objectContaining({ code: 'FILE_EXISTS', hint: expect.stringContaining('--force') as string }) as Error,
    );
  });
});

describe('the manifest of a conversion', () => {
  it('is given when nothing blocks', () => {
    expect(requireManifest(convert('image: x'))).toContain('image: x');
  });

  it('is refused with the first blocker, its place and the codes', () => {
    expect(() => requireManifest(convert('image: x\nports: ["53/udp"]'))).toThrow(
      expect.objectContaining({
        code: 'MANIFEST_UNCONVERTIBLE',
        message: expect.stringMatching(/1 blocker\. .*53\/udp.*\(docker-compose\.yml:5\)/) as string,
        details: { codes: ['udp'] },
      }) as Error,
    );
    expect(() => requireManifest(convert('image: ['))).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }) as Error,
    );
  });
});
