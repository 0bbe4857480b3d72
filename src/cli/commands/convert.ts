import { join, resolve } from 'node:path';
import { MigrationError } from '../../errors.ts';
import { readAnswers as parseAnswers } from '../../manifest/answers.ts';
import { convertManifest } from '../../manifest/convert.ts';
import { readGen1Manifest } from '../../manifest/gen1-reader.ts';
import { checkSources } from '../../manifest/source-checks/check-sources.ts';
import { requireManifest } from '../../manifest/write-plan.ts';
import type { Invocation } from '../command.ts';
import { readAnswers } from '../migration-settings.ts';
import { OPTIONS } from '../options/options.ts';
import { findingsExitCode, printFindings } from '../print-findings.ts';
import { readKnownWorld } from '../running-app.ts';
import { deployedFiles, readSourceFile, sourceFolder } from '../source-folder.ts';
import { writeManifestFile } from '../write-manifest.ts';

const COMPOSE_FILE = 'docker-compose.yml';

/** Writes a convox.yml from the folder's docker-compose.yml, with every difference as a finding. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell } = invocation;
  const folder = await sourceFolder(invocation);
  const compose = await readSourceFile(folder, COMPOSE_FILE);
  if (compose === undefined) {
    throw new MigrationError('SOURCE_INVALID', `${join(folder, COMPOSE_FILE)} cannot be read`, {
      hint: 'Name the folder that holds docker-compose.yml.',
    });
  }
  const answers = await readAnswers(invocation);
  const known = await readKnownWorld(invocation);
  const conversion = convertManifest({
    compose,
    ...known,
    ...(answers === undefined ? {} : { answers: parseAnswers(answers) }),
  });
  const sources = await checkSources(deployedFiles(folder), sourceOptions(compose, known.app?.envNames), shell.signal);
  const findings = [...conversion.findings, ...sources];
  const { manifest, accounting, decisions, domainValues } = conversion;
  printFindings(invocation, findings, { manifest: manifest ?? null, accounting, decisions, domainValues });
  const exitCode = findingsExitCode(invocation, findings, 'MANIFEST_UNCONVERTIBLE');
  if (manifest === undefined)
    requireManifest(conversion); // throws what stands in the way
  else if (exitCode === 0) await writeResult(invocation, folder, manifest);
  return exitCode;
}

async function writeResult(invocation: Invocation, folder: string, manifest: string): Promise<void> {
  const { shell, options } = invocation;
  const output = options.get(OPTIONS.output);
  if (output === '-') shell.stdout.write(manifest);
  else {
    const path = output === undefined ? join(folder, 'convox.yml') : resolve(shell.cwd, output);
    const done = await writeManifestFile({ path, text: manifest, mayReplace: options.has(OPTIONS.force) });
    shell.stderr.write(`${path}: ${done}\n`);
  }
}

function sourceOptions(compose: string, envNames: readonly string[] | undefined) {
  const { manifest } = readGen1Manifest(compose, { file: COMPOSE_FILE });
  return { ...(manifest === undefined ? {} : { manifest }), ...(envNames === undefined ? {} : { envNames }) };
}
