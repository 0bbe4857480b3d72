import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MigrationError } from '../errors.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';

/** Where the rack is and how to get in; `password` is never printed. */
export interface RackLogin {
  readonly url: string;
  readonly password: string;
}

export type Tls =
  | { readonly mode: 'verify' }
  | { readonly mode: 'none' }
  | { readonly mode: 'fingerprints'; readonly fingerprints: readonly string[] };

/** The rack's address from the command line, the environment, or the convox CLI's own file; undefined without any. */
export async function findRackUrl({
  shell,
  options,
}: Pick<Invocation, 'shell' | 'options'>): Promise<string | undefined> {
  const named = options.get(OPTIONS.rackUrl);
  if (named !== undefined) return named;
  const host = (await readIfThere(join(shell.home, '.convox', 'host')))?.trim();
  return host === undefined || host === '' ? undefined : host;
}

/**
 * Finds the rack and its password: `--password-file`, then `CONVOX_PASSWORD`, then what `convox login` wrote down
 * (`~/.convox/auth`, JSON of host → password). Never from an argument: those are seen in process lists.
 *
 * @throws {MigrationError} `RACK_URL_INVALID`, `RACK_PASSWORD_MISSING`.
 */
export async function getRackLogin(invocation: Pick<Invocation, 'shell' | 'options' | 'secrets'>): Promise<RackLogin> {
  const url = await findRackUrl(invocation);
  if (url === undefined) {
    throw new MigrationError('RACK_URL_INVALID', 'no rack was named', {
      hint: 'Set CONVOX_HOST or give --rack-url https://…; `gen2 sandbox` starts one to try things on.',
    });
  }
  const password = await findPassword(url, invocation);
  if (password === undefined || password === '') {
    throw new MigrationError('RACK_PASSWORD_MISSING', `no password for the rack at ${hostOf(url)}`, {
      hint: 'Set CONVOX_PASSWORD, name a file with --password-file, or log in with the convox CLI.',
    });
  }
  invocation.secrets.add(password);
  invocation.secrets.add(`convox:${password}`);
  return { url, password };
}

async function findPassword(
  url: string,
  { shell, options }: Pick<Invocation, 'shell' | 'options'>,
): Promise<string | undefined> {
  const file = options.get(OPTIONS.passwordFile);
  if (file !== undefined) return readPasswordFile(resolve(shell.cwd, file));
  const given = shell.env['CONVOX_PASSWORD'];
  if (given !== undefined && given !== '') return given;
  const auth = await readIfThere(join(shell.home, '.convox', 'auth'));
  return auth === undefined ? undefined : passwordOf(hostOf(url), auth);
}

async function readPasswordFile(path: string): Promise<string> {
  try {
    // Editors end a file with a line break, which is no part of the password.
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new MigrationError('RACK_PASSWORD_MISSING', `${path}: the password file cannot be read (${code})`, {
      hint: 'Name a file that holds nothing but the password.',
    });
  }
}

/** A file that is not as expected holds no password; it is the convox CLI's, not ours to judge. */
function passwordOf(host: string, auth: string): string | undefined {
  try {
    const known: unknown = JSON.parse(auth);
    if (typeof known !== 'object' || known === null) return undefined;
    const found = new Map<string, unknown>(Object.entries(known)).get(host);
    return typeof found === 'string' ? found : undefined;
  } catch {
    return undefined;
  }
}

function hostOf(url: string): string {
  const candidate = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `https://${url}`;
  return URL.canParse(candidate) ? new URL(candidate).host : 'the given address';
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/** How the rack's certificate is judged. @throws {MigrationError} `USAGE`. */
export function readTls({ options }: Pick<Invocation, 'options'>): Tls {
  const how = options.get(OPTIONS.tls) ?? 'verify';
  if (how === 'verify' || how === 'none') return { mode: how };
  const fingerprints = how.split(',').map((one) => one.trim().replaceAll(':', '').toLowerCase());
  if (fingerprints.every((one) => /^[0-9a-f]{64}$/.test(one))) return { mode: 'fingerprints', fingerprints };
  throw new MigrationError('USAGE', '--tls: neither `verify`, `none`, nor SHA-256 fingerprints', {
    hint: 'A fingerprint has 64 hex digits: openssl s_client -connect HOST:443 </dev/null | openssl x509 -fingerprint -sha256 -noout',
  });
}

/** What a plan has to say about a certificate that is not verified. */
export function tlsNotice(tls: Tls): string | undefined {
  return tls.mode === 'none' ? "the rack's certificate is not verified (--tls none)" : undefined;
}
