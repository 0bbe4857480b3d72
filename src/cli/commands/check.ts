import { join } from 'node:path';
import { MigrationError } from '../../errors.ts';
import { checkGen2Manifest } from '../../manifest/gen2-check.ts';
import { GEN1_FILE, readGen1Manifest } from '../../manifest/gen1-reader.ts';
import { readGen2Manifest } from '../../manifest/gen2-reader.ts';
import { NEWEST_RACK } from '../../manifest/rack-features.ts';
import { checkSources } from '../../manifest/source-checks/check-sources.ts';
import type { Invocation } from '../command.ts';
import { findingsExitCode, printFindings } from '../print-findings.ts';
import { readKnownWorld } from '../running-app.ts';
import { deployedFiles, readSourceFile, sourceFolder } from '../source-folder.ts';

const MANIFEST_FILE = 'convox.yml';

/**
 * Checks the folder's convox.yml as a rack of the stated version reads it, and its source. Exit code 6 on a blocker,
 * and with --strict on an open choice.
 */
export async function run(invocation: Invocation): Promise<number> {
  const folder = await sourceFolder(invocation);
  const text = await readSourceFile(folder, MANIFEST_FILE);
  if (text === undefined) {
    throw new MigrationError('SOURCE_INVALID', `${join(folder, MANIFEST_FILE)} cannot be read`, {
      hint: '`gen2 convert` writes one from docker-compose.yml.',
    });
  }
  const { app, rack } = await readKnownWorld(invocation);
  const rackVersion = rack?.version ?? NEWEST_RACK;
  const env = app?.envNames === undefined ? undefined : new Set(app.envNames);
  const options = { rackVersion, ...(env === undefined ? {} : { env }) };
  const read = readGen2Manifest(text, options);
  const internal = rack?.internal === undefined ? {} : { rackInternal: rack.internal };
  const checked = read.manifest === undefined ? [] : checkGen2Manifest(read.manifest, { ...options, ...internal });
  const sourceOptions = {
    ...(await findLinks(folder)),
    ...(app?.envNames === undefined ? {} : { envNames: app.envNames }),
  };
  const sources = await checkSources(deployedFiles(folder), sourceOptions, invocation.shell.signal);
  const findings = [...read.findings, ...checked, ...sources];
  printFindings(invocation, findings, { rackVersion });
  return findingsExitCode(invocation, findings, 'MANIFEST_INVALID');
}

/** The generation 1 manifest, where it is still there, names the links whose variables the source may read. */
async function findLinks(folder: string) {
  const compose = await readSourceFile(folder, GEN1_FILE);
  const manifest = compose === undefined ? undefined : readGen1Manifest(compose, { file: GEN1_FILE }).manifest;
  return manifest === undefined ? {} : { manifest };
}
