import { throwIfStopped } from '../../errors.ts';
import { FindingList, sortFindings } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { GEN1_FILE } from '../gen1-reader.ts';
import { variablePrefix } from '../gen1-types.ts';
import type { Gen1Manifest } from '../gen1-types.ts';
import { checkDockerfile } from './dockerfile.ts';
import { checkDjango, checkRails, checkRedirects } from './frameworks.ts';
import { checkHaproxy } from './haproxy.ts';
import { checkNginx } from './nginx.ts';
import { sourceFile } from './source-file.ts';
import type { SourceCheck, SourceContext, SourceFiles } from './source-file.ts';
import { checkLinkVariables, checkRackVariables, isNoise } from './variables.ts';

const CHECKS: readonly SourceCheck[] = [
  checkNginx,
  checkHaproxy,
  checkDockerfile,
  checkLinkVariables,
  checkRackVariables,
  checkDjango,
  checkRails,
  checkRedirects,
];

/** Files read in one check; a source of more is checked in part, and says so. */
export const MAX_FILES = 5000;
/** Longer files are data or made by a program. */
export const MAX_FILE_CHARACTERS = 512 * 1024;

const SKIPPED =
  /(?:^|\/)(?:node_modules|bower_components|vendor|\.git|\.bundle|dist|build|target|coverage|__pycache__|\.venv|venv|tmp|log)\//;
const BINARY =
  /\.(?:png|jpe?g|gif|ico|webp|svg|pdf|zip|gz|tgz|bz2|xz|jar|war|class|so|dylib|dll|exe|woff2?|ttf|eot|mp[34]|mov|sqlite|pyc|map|csv|min\.(?:js|css))$/i;

export interface CheckSourcesOptions {
  /** The generation 1 manifest, for its links. */
  readonly manifest?: Gen1Manifest;
  /** The names in the app environment, if they are known. */
  readonly envNames?: readonly string[];
  /** Where the manifest is; default docker-compose.yml. */
  readonly manifestFile?: string;
}

/**
 * Looks through the source for what works behind a generation 1 balancer and not behind generation 2: proxies that
 * forward Host or append X-Forwarded-For, reads of link variables, build args, host allow-lists, https redirects.
 *
 * @throws {MigrationError} `STOPPED`; what `files` throws passes as it is.
 */
export async function checkSources(
  files: SourceFiles,
  options: CheckSourcesOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const context: SourceContext = {
    linkPrefixes: [
      ...new Set(
        (options.manifest?.services ?? []).flatMap(({ links }) => links.map(({ value }) => variablePrefix(value))),
      ),
    ],
    envNames: options.envNames === undefined ? undefined : new Set(options.envNames),
    manifestFile: options.manifestFile ?? GEN1_FILE,
  };
  const listed = (await files.listFiles(signal)).filter(
    (path) => !SKIPPED.test(path) && !BINARY.test(path) && !isNoise(path),
  );
  const found: Finding[] = [];
  for (const path of listed.toSorted().slice(0, MAX_FILES)) {
    throwIfStopped(signal, 'check of the source');
    const text = await files.readFile(path, signal);
    if (text.length > MAX_FILE_CHARACTERS || text.includes('\u0000')) continue;
    const findings = new FindingList(path);
    const file = sourceFile(path, text);
    for (const check of CHECKS) check(file, context, findings);
    found.push(...findings.list());
  }
  if (listed.length > MAX_FILES) {
    const findings = new FindingList();
    const message = `The source has ${listed.length} files; the first ${MAX_FILES} were checked.`;
    findings.add('info', 'source-limit', { message, hint: 'Leave out what is not deployed in .dockerignore.' });
    found.push(...findings.list());
  }
  return sortFindings(found);
}
