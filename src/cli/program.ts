import { Command, CommanderError, Help, Option as CommanderOption } from 'commander';
import { EXIT_CODES, MigrationError } from '../errors.ts';
import { COMMANDS } from './catalogue.ts';
import type { CommandSpec, Invocation } from './command.ts';
import { findConfig } from './config/find-config.ts';
import type { Option } from './options/option.ts';
import { OPTIONS } from './options/options.ts';
import { OptionValues } from './options/option-values.ts';
import { errorBlock, errorJson, exitCodeOf } from './output/error-block.ts';
import { errorLine } from './output/json-line.ts';
import { fit, styleFor } from './output/style.ts';
import { SecretFilter } from './secret-filter.ts';
import type { Shell } from './shell.ts';
import { VERSION } from './version.ts';

/**
 * Runs `gen2` with these arguments (without node and script) and gives its exit code (docs/errors.md). Never throws:
 * what fails is told on stderr.
 */
export async function runGen2(argv: readonly string[], shell: Shell): Promise<number> {
  const secrets = new SecretFilter();
  secrets.addEnvironment(Object.entries(shell.env));
  const guarded: Shell = { ...shell, stdout: secrets.guard(shell.stdout), stderr: secrets.guard(shell.stderr) };
  let exitCode: number = EXIT_CODES.ok;
  let options = asWritten(argv, shell);
  const program = describeProgram(guarded, argv, async (call, spec) => {
    options = call.options;
    const { run } = await spec.load();
    exitCode = await run({
      ...call,
      secrets,
      shell: guarded,
      // Asked for only where something is written: to look at a stream opens it.
      get style() {
        return styleFor(guarded.stdout, guarded.env);
      },
      get errorStyle() {
        return styleFor(guarded.stderr, guarded.env);
      },
    });
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(usageError(error), options, guarded);
  }
}

/** Columns, where nobody says how many there are. */
const WIDTH = 80;
/** Columns that a description needs beside what it describes. */
const LEAST_BESIDE = 36;

type Start = (call: Pick<Invocation, 'options' | 'args'>, spec: CommandSpec) => Promise<void>;

/** The one command that is called where its words come first: to describe all takes longer than most of them run. */
function calledCommands(argv: readonly string[]): readonly CommandSpec[] {
  const called = COMMANDS.filter(({ name }) => name.split(' ').every((word, index) => word === argv[index]));
  return called.length === 0 ? COMMANDS : called;
}

/** The list of the commands tells none of their options. */
function isListAsked([first = '--help']: readonly string[]): boolean {
  return first === '--help' || first === '-h';
}

function describeProgram(shell: Shell, argv: readonly string[], start: Start): Command {
  const program = new Command('gen2')
    .description('Moves an app on a Convox rack from generation 1 to generation 2, in production.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain the command')
    .helpCommand('help [command]', 'explain a command')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureHelp({ subcommandTerm: nameAndArguments, formatItem })
    .configureOutput({
      writeOut: (text) => shell.stdout.write(text),
      writeErr: (text) => shell.stderr.write(text),
      outputError: () => undefined, // told by `report`, like every other failure
      getOutHelpWidth: () => shell.stdout.columns(),
      getErrHelpWidth: () => shell.stderr.columns(),
    });
  const groups = new Map<string, Command>();
  for (const spec of calledCommands(argv)) {
    const [first = '', second] = spec.name.split(' ');
    const parent = second === undefined ? program : groupOf(program, groups, first, spec);
    const command = parent.command(`${second ?? first} ${spec.args}`.trim());
    command.summary(spec.summary).description(capitalised(spec.summary)).helpGroup(`${spec.section}:`);
    if (!isListAsked(argv)) describeCall(command, spec, shell, start);
  }
  return program;
}

/** In a list of commands `[options]` would say nothing: all have some. */
function nameAndArguments(command: Command): string {
  return `${command.name()} ${command.usage()}`.replace(/ ?\[options\]/, '');
}

/** What a command or an option does stands beside it, or below it where there is no room beside. */
function formatItem(term: string, termWidth: number, description: string, help: Help): string {
  const width = help.helpWidth ?? WIDTH;
  if (width - termWidth >= LEAST_BESIDE)
    return Help.prototype.formatItem.call(help, term, termWidth, description, help);
  return fit(`  ${term}${description === '' ? '' : `\n      ${description}`}`, width);
}

function groupOf(program: Command, groups: Map<string, Command>, name: string, spec: CommandSpec): Command {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const siblings = COMMANDS.filter((other) => other.name.startsWith(`${name} `));
  const summary = `${siblings.map((other) => other.name.slice(name.length + 1)).join(', ')}: ${name.toUpperCase()} records of an app`;
  const group = program.command(name).description(summary).helpGroup(`${spec.section}:`);
  groups.set(name, group);
  return group;
}

function describeCall(command: Command, spec: CommandSpec, shell: Shell, start: Start): void {
  const options = spec.options.map((name): Option<unknown> => OPTIONS[name]);
  for (const option of options) command.addOption(commanderOption(option));
  // A command line stays whole, to be copied.
  const example = ([line, does]: readonly [string, string]): string =>
    `  ${line}\n${fit(`      ${does}`, shell.stdout.columns())}`;
  command.addHelpText('after', () => `\nExamples:\n${spec.examples.map(example).join('\n')}`);
  command.action(async () => {
    const sources = { given: command.opts(), env: shell.env };
    const isConfigured = options.includes(OPTIONS.config);
    const file = isConfigured
      ? await findConfig(shell, new OptionValues(sources).get(OPTIONS.config))
      : new Map<string, string>();
    const values = new OptionValues({ ...sources, file });
    for (const option of options) values.get(option); // all are read before anything is done
    const args = command.registeredArguments.map((_, index) => command.args[index]);
    await start({ options: values, args }, spec);
  });
}

function commanderOption(option: Option<unknown>): CommanderOption {
  const notes = [
    ...(option.choices === undefined ? [] : [option.choices.join(' | ')]),
    ...(option.fallback === undefined ? [] : [`default: ${option.fallback}`]),
    ...(option.env === undefined ? [] : [`env: ${option.env}`]),
  ];
  const help = notes.length === 0 ? option.help : `${option.help} (${notes.join('; ')})`;
  const described = new CommanderOption(option.flags, help).helpGroup(`${option.group}:`);
  if (option.isRepeatable !== true) return described;
  return described.argParser((text, before?: string) => (before === undefined ? text : `${before}\n${text}`));
}

/** Commander's refusals as errors of ours; asking for help is none. */
function usageError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.exitCode === 0) return undefined;
  if (error.code === 'commander.help') return new MigrationError('USAGE', 'no command was given', { hint: HELP_HINT });
  return new MigrationError('USAGE', error.message.replace(/^error: /, '').replaceAll('\n', ' '), { hint: HELP_HINT });
}

const HELP_HINT = 'See `gen2 --help`, or `gen2 <command> --help`.';

/** How an error is told of a command line that cannot be read to its end. */
function asWritten(argv: readonly string[], { env }: Shell): OptionValues {
  const isVerbose = argv.includes('--verbose') || argv.includes('-v');
  const given = { ...(isVerbose ? { verbose: true } : {}), ...(argv.includes('--json') ? { json: true } : {}) };
  return new OptionValues({ given, env });
}

function report(error: unknown, options: OptionValues, shell: Shell): number {
  if (error === undefined) return EXIT_CODES.ok;
  const isVerbose = options.has(OPTIONS.verbose);
  const isForPrograms = options.has(OPTIONS.json);
  const style = styleFor(shell.stderr, shell.env);
  if (isForPrograms && !shell.stderr.isTTY) shell.stderr.write(errorLine(error, Date.now()));
  else shell.stderr.write(errorBlock(error, { style, verbose: isVerbose, output: shell.stderr }));
  if (isForPrograms) shell.stdout.write(`${JSON.stringify(errorJson(error))}\n`);
  return exitCodeOf(error, shell.stoppedBy());
}

function capitalised(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
