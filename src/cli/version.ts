import { readFileSync } from 'node:fs';

/** The version in the package's own package.json, which is two folders up in src/ as in dist/. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}
