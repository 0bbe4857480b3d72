import { EXIT_CODES, MigrationError } from '../../errors.ts';
import { COMMANDS } from '../catalogue.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';

/** Prints a completion script; made from the same list as the commands themselves. */
export function run({ shell, args }: Invocation): Promise<number> {
  const render = SCRIPTS.get(args[0] ?? '');
  if (render === undefined) {
    throw new MigrationError('USAGE', `no completion for ${JSON.stringify(args[0] ?? '')}`, {
      hint: `There is one for ${[...SCRIPTS.keys()].join(', ')}.`,
    });
  }
  shell.stdout.write(render());
  return Promise.resolve(EXIT_CODES.ok);
}

const SCRIPTS: ReadonlyMap<string, () => string> = new Map([
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish],
]);

function firstWords(): readonly string[] {
  return [...new Set(COMMANDS.map(({ name }) => name.split(' ')[0] ?? name))];
}

function flagsOf(spec: CommandSpec): readonly string[] {
  return spec.options.flatMap((name) => OPTIONS[name].flags.match(/--?[a-z][a-z0-9-]*/g) ?? []);
}

/** What can follow each first word: second words and options. */
function followers(): readonly (readonly [word: string, words: readonly string[]])[] {
  return firstWords().map((word) => {
    const specs = COMMANDS.filter(({ name }) => name === word || name.startsWith(`${word} `));
    const seconds = specs.flatMap(({ name }) => name.split(' ').slice(1));
    return [word, [...new Set([...seconds, ...specs.flatMap(flagsOf)])]] as const;
  });
}

function bash(): string {
  const cases = followers().map(([word, words]) => `    ${word}) words="${words.join(' ')}" ;;`);
  return `_gen2() {
  local words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${firstWords().join(' ')} --help --version"
  else
    case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _gen2 gen2 convox-gen2
`;
}

function zsh(): string {
  const cases = followers().map(([word, words]) => `    ${word}) compadd -- ${words.join(' ')} ;;`);
  return `#compdef gen2 convox-gen2
_gen2() {
  if (( CURRENT == 2 )); then
    compadd -- ${firstWords().join(' ')} --help --version
    return
  fi
  case "\${words[2]}" in
${cases.join('\n')}
  esac
  _files
}
compdef _gen2 gen2 convox-gen2
`;
}

function fish(): string {
  const lines = ['complete -c gen2 -n __fish_use_subcommand -f'];
  for (const word of firstWords()) {
    const summary = COMMANDS.find(({ name }) => name === word)?.summary ?? 'a group of commands';
    lines.push(`complete -c gen2 -n __fish_use_subcommand -f -a ${word} -d ${quoted(summary)}`);
  }
  for (const { name, options } of COMMANDS) {
    const [word = '', second] = name.split(' ');
    const when = `"__fish_seen_subcommand_from ${word}"`;
    if (second !== undefined) lines.push(`complete -c gen2 -n ${when} -f -a ${second}`);
    for (const option of options) {
      const { flags, help } = OPTIONS[option];
      const long = /--([a-z0-9-]+)/.exec(flags)?.[1] ?? '';
      lines.push(`complete -c gen2 -n ${when} -l ${long}${flags.includes('<') ? ' -r' : ''} -d ${quoted(help)}`);
    }
  }
  lines.push('complete -c convox-gen2 -w gen2');
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
