import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/catalogue.ts';
import type { CommandSpec } from '../../src/cli/command.ts';
import type { Option } from '../../src/cli/options/option.ts';
import { OPTIONS } from '../../src/cli/options/options.ts';

const root = new URL('../../', import.meta.url);

function optionLine(option: Option<unknown>): string {
  const notes = [
    ...(option.choices === undefined ? [] : [option.choices.map((one) => `\`${one}\``).join(', ')]),
    ...(option.fallback === undefined ? [] : [`default \`${option.fallback}\``]),
    ...(option.env === undefined ? [] : [`environment \`${option.env}\``]),
  ];
  return `- \`${option.flags}\`: ${option.help}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}

function commandSection({ name, args, summary, options, examples }: CommandSpec): string {
  const lines = examples.map(([line, does]) => `${line}\n    # ${does}`);
  return [
    `### gen2 ${`${name} ${args}`.trim()}`,
    `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`,
    `\`\`\`\n${lines.join('\n')}\n\`\`\``,
    options.map((option) => optionLine(OPTIONS[option])).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

// Run vitest with -u to write the page anew.
test('docs/commands.md lists every command with its options', async () => {
  const sections = [...new Set(COMMANDS.map(({ section }) => section))];
  const parts = sections.flatMap((section) => [
    `## ${section}`,
    ...COMMANDS.filter((command) => command.section === section).map(commandSection),
  ]);

  const page = `# Commands\n\n${parts.join('\n\n')}\n`;

  await expect(page).toMatchFileSnapshot('../../docs/commands.md');
});

test('README and docs/cli.md name only commands there are', () => {
  const text = ['README.md', 'docs/cli.md'].map((path) => readFileSync(new URL(path, root), 'utf8')).join('\n');
  const named = [...text.matchAll(/\bgen2 ((?:dns )?[a-z]+(?:-[a-z]+)*)/g)].map(([, name]) => name);
  const known = COMMANDS.map(({ name }) => name);

  expect([...new Set(named)].filter((name) => name !== undefined && !known.includes(name))).toEqual([]);
});
