import { join, resolve } from 'node:path';
import { EXIT_CODES, MigrationError } from '../../errors.ts';
import { convertManifest } from '../../manifest/convert.ts';
import type { Conversion } from '../../manifest/convert-types.ts';
import type { Finding } from '../../manifest/finding.ts';
import { summarize } from '../../manifest/findings-table.ts';
import { GEN1_FILE, readGen1Manifest } from '../../manifest/gen1-reader.ts';
import { checkSources } from '../../manifest/source-checks/check-sources.ts';
import { requireManifest } from '../../manifest/write-plan.ts';
import { AnswersFile, type Answers } from '../answers-file.ts';
import { findAppNames, mergeNames, type AppNames } from '../app-names.ts';
import { askDecisions, howToAnswer, openDecisions } from '../ask-decisions.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { errorBlock, errorJson } from '../output/error-block.ts';
import { printFindings } from '../print-findings.ts';
import { readKnownWorld, type KnownWorld } from '../running-app.ts';
import { deployedFiles, readSourceFile, sourceFolder } from '../source-folder.ts';
import { writeManifestFile } from '../write-manifest.ts';

const STDOUT = '-';

/**
 * Writes a convox.yml from the folder's docker-compose.yml, with every difference as a finding. Exit code 3 when
 * something stands in the way, 6 when the file cannot be read, 7 when another manifest is there already.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  refuseTwoResults(invocation);
  const folder = await sourceFolder(invocation);
  const compose = await readCompose(folder);
  const file = await AnswersFile.open(invocation, folder);
  if (file.exists) say(invocation, `Answers of ${file.path} are used.`);
  const known = await readKnownWorld(invocation);
  const names = await readNames(invocation, known);
  for (const gap of names.notKnown) shell.stderr.write(`not known: ${gap}\n`);
  const convert = (answers: Answers): Conversion =>
    convertManifest({ compose, ...withNames(invocation, known, names), answers });
  const conversion = await askDecisions({ invocation, file, convert });
  const sources = await checkSources(deployedFiles(folder), sourceOptions(compose, known), shell.signal);
  const findings = [...conversion.findings, ...sources];
  const outcome = await attempt(async () => {
    const manifest = requireClean(conversion, findings, options.has(OPTIONS.strict));
    return writeResult(invocation, folder, manifest);
  });
  const { manifest, accounting, decisions, domainValues } = conversion;
  printFindings(invocation, findings, {
    ...{ manifest: manifest ?? null, accounting, decisions, domainValues, notKnown: names.notKnown },
    ...('error' in outcome ? errorJson(outcome.error) : outcome),
  });
  const open = openDecisions(conversion);
  if (open.length > 0) say(invocation, howToAnswer(open, file.path).trimEnd());
  if ('error' in outcome) return tellFailure(invocation, outcome.error);
  if (outcome.path !== STDOUT) shell.stderr.write(`${outcome.path}: ${outcome.action}\n`);
  else if (!options.has(OPTIONS.json)) shell.stdout.write(conversion.manifest ?? '');
  return EXIT_CODES.ok;
}

function say({ shell, options }: Invocation, text: string): void {
  if (!options.has(OPTIONS.quiet)) shell.stderr.write(`${text}\n`);
}

/** With --json the manifest is a part of the one object; SARIF has no place for it. */
function refuseTwoResults({ options }: Invocation): void {
  const { sarif, json, output } = OPTIONS;
  const toStdout = [
    ...(options.has(sarif) ? ['--sarif'] : []),
    ...(options.has(json) ? ['--json'] : []),
    ...(options.get(output) === STDOUT && !options.has(json) ? ['--output -'] : []),
  ];
  if (toStdout.length < 2) return;
  throw new MigrationError('USAGE', `${toStdout.join(' and ')} would both be written to stdout`, {
    hint: 'Give one of them, or name a file with --output.',
  });
}

async function readCompose(folder: string): Promise<string> {
  const compose = await readSourceFile(folder, GEN1_FILE);
  if (compose !== undefined) return compose;
  throw new MigrationError('SOURCE_INVALID', `${join(folder, GEN1_FILE)} cannot be read`, {
    hint: 'Name the folder that holds docker-compose.yml.',
  });
}

async function readNames(invocation: Invocation, { app, stack }: KnownWorld): Promise<AppNames> {
  if (app === undefined || stack === undefined) return { known: {}, notKnown: [] };
  const services = Object.keys(app.formation ?? {});
  return findAppNames(invocation, { stack: stack.name, region: stack.region, services });
}

/** Names given with --domain come besides those found in DNS, as in `plan` and `migrate`. */
function withNames({ options }: Invocation, { app, rack }: KnownWorld, { known }: AppNames) {
  const domains = mergeNames(known.dnsNames ?? {}, options.get(OPTIONS.domain) ?? {});
  return {
    domains,
    ...(rack === undefined ? {} : { rack }),
    ...(app === undefined ? {} : { app: { ...app, ...known } }),
  };
}

function sourceOptions(compose: string, { app }: KnownWorld) {
  const { manifest } = readGen1Manifest(compose, { file: GEN1_FILE });
  return {
    ...(manifest === undefined ? {} : { manifest }),
    ...(app?.envNames === undefined ? {} : { envNames: app.envNames }),
  };
}

/** @throws {MigrationError} `MANIFEST_INVALID`, `MANIFEST_UNCONVERTIBLE`. */
function requireClean(conversion: Conversion, findings: readonly Finding[], isStrict: boolean): string {
  const manifest = requireManifest(conversion);
  const wanting = findings.filter(({ severity }) => severity === 'blocker' || (isStrict && severity === 'choice'));
  if (wanting.length === 0) return manifest;
  const why = wanting.some(({ severity }) => severity === 'blocker') ? '' : ', and --strict wants none';
  throw new MigrationError('MANIFEST_UNCONVERTIBLE', `Nothing is written: ${summarize(wanting)}${why}`, {
    hint: 'See the findings: each says what to do.',
    details: { codes: [...new Set(wanting.map(({ code }) => code))] },
  });
}

interface Written {
  readonly path: string;
  readonly action: 'written' | 'replaced' | 'unchanged';
}

async function writeResult({ shell, options }: Invocation, folder: string, text: string): Promise<Written> {
  const output = options.get(OPTIONS.output);
  if (output === STDOUT) return { path: STDOUT, action: 'written' };
  const path = output === undefined ? join(folder, 'convox.yml') : resolve(shell.cwd, output);
  return { path, action: await writeManifestFile({ path, text, mayReplace: options.has(OPTIONS.force) }) };
}

/** A refusal is told after the findings that explain it. */
async function attempt<T>(work: () => Promise<T>): Promise<T | { readonly error: MigrationError }> {
  try {
    return await work();
  } catch (error) {
    if (MigrationError.is(error)) return { error };
    throw error;
  }
}

/** With --json the failure is in the one object already, and only its text is still to be told. */
function tellFailure({ shell, options, errorStyle: style }: Invocation, error: MigrationError): number {
  if (!options.has(OPTIONS.json)) throw error;
  const verbose = options.has(OPTIONS.verbose);
  shell.stderr.write(errorBlock(error, { style, verbose, output: shell.stderr }));
  return error.exitCode;
}
