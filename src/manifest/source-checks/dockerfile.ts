import { baseName, matchLines, report } from './source-file.ts';
import type { SourceCheck } from './source-file.ts';

/** ARGs docker fills by itself. */
const PREDEFINED = new Set([
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'FTP_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'TARGETPLATFORM',
  'TARGETOS',
  'TARGETARCH',
  'BUILDPLATFORM',
  'BUILDOS',
  'BUILDARCH',
]);

/** `ARG NAME`: racks fill it from the app environment, declared or not, and nothing else does in generation 2. */
export const checkDockerfile: SourceCheck = (file, { envNames }, findings) => {
  if (!/^(?:.*\.)?Dockerfile(?:\..*)?$/i.test(baseName(file.path))) return;
  for (const { line, match } of matchLines(file, /^\s*ARG\s+([A-Za-z_][A-Za-z0-9_]*)(=?)/i)) {
    const name = match[1] ?? '';
    const hasDefault = match[2] === '=';
    if (PREDEFINED.has(name.toUpperCase())) continue;
    if (envNames?.has(name) === true) {
      report(findings, 'info', 'dockerfile-arg', {
        line,
        message: `ARG ${name} is filled from the app environment when the image is built, and stays in its history.`,
        hint: 'The new app needs its environment before the first build.',
      });
    } else if (!hasDefault) {
      report(findings, 'choice', 'dockerfile-arg', {
        line,
        message: `ARG ${name} has no default, and ${envNames === undefined ? 'perhaps nobody sets it' : 'the app environment does not have it'}: build args of the manifest are not passed in generation 2.`,
        hint: `Set ${name} in the app environment before the build, or give the ARG a default.`,
      });
    }
  }
};
