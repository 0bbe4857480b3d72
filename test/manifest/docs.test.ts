import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readAnswers } from '../../src/manifest/answers.ts';
import { convertManifest } from '../../src/manifest/convert.ts';
import type { RunningApp } from '../../src/manifest/convert-types.ts';
import type { Finding } from '../../src/manifest/finding.ts';

const PATH = new URL('../../docs/convert.md', import.meta.url);
const TEXT = readFileSync(PATH, 'utf8');

/** An example of the page: settings in a comment, then blocks named by the file they show. */
interface Example {
  readonly title: string;
  readonly settings: Omit<RunningApp, 'name'> & { readonly rack: string };
  readonly blocks: ReadonlyMap<string, string>;
}

function examplesOf(text: string): readonly Example[] {
  return text
    .split('<!-- convert: ')
    .slice(1)
    .map((part, index) => {
      const end = part.indexOf(' -->');
      const section = part.slice(end).split(/\n##+ /)[0]!;
      const blocks = [...section.matchAll(/```(?:yaml|text) (\S+)\n(.*?)```/gs)].map(
        ([, name, body]) => [name!, body!] as const,
      );
      const firstLine = blocks[0]?.[1].split('\n')[0] ?? '';
      return {
        title: `example ${index + 1} (${firstLine})`,
        settings: JSON.parse(part.slice(0, end)) as Example['settings'], // written by us, above the example
        blocks: new Map(blocks),
      };
    });
}

const ORDER = ['blocker', 'choice', 'change', 'info'];

function listFindings(findings: readonly Finding[]): readonly (readonly string[])[] {
  return findings
    .toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity))
    .map(({ severity, service, line, code }) => [severity, service ?? '-', String(line ?? '-'), code]);
}

describe('docs/convert.md', () => {
  const examples = examplesOf(TEXT);

  it('has examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
  });

  it.each(examples.map((example) => [example.title, example] as const))(
    '%s gives the manifest and the findings that it shows',
    (_, { settings, blocks }) => {
      const { rack, ...app } = settings;
      const answers = blocks.get('gen2.answers.yaml');

      const conversion = convertManifest({
        compose: blocks.get('docker-compose.yml')!,
        rack: { version: rack },
        ...(Object.keys(app).length === 0 ? {} : { app: { name: 'shop', ...app } }),
        ...(answers === undefined ? {} : { answers: readAnswers(answers) }),
      });

      expect(conversion.manifest).toBe(blocks.get('convox.yml'));
      expect(listFindings(conversion.findings)).toEqual(
        blocks
          .get('findings')!
          .trimEnd()
          .split('\n')
          .map((line) => line.split(/ +/)),
      );
    },
  );

  it('names every kind of decision there is', () => {
    const ids = [...TEXT.matchAll(/^\| (`.*?`(?:, `.*?`)*) +\|/gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(/`([^`]+)`/g)].map(([, id]) => id!),
    );

    for (const kind of [
      'port',
      'proxy',
      'health',
      'grace',
      'database',
      'disabled',
      'name',
      'dockerfile',
      'entrypoint',
      'command',
      'deployment',
      'privileged',
      'extra_hosts',
    ]) {
      expect(ids).toContain(`SERVICE.${kind}`);
    }
    expect(ids).toEqual(
      expect.arrayContaining([
        'environment',
        'environment.PROCESS',
        'interpolation.NAME',
        'SERVICE.args.NAME',
        'SERVICE.environment.NAME',
        'SERVICE.link.NAME',
        'SERVICE.timer.NAME',
        'SERVICE.volume.PATH',
      ]),
    );
  });
});
