/**
 * An environment, encrypted for public keys: age (age-encryption.org/v1), whose command line opens it too. The library is
 * read only when a key is given.
 */
import { MigrationError } from '../../errors.ts';
import type { EnvironmentMap } from '../ports.ts';

/** A key pair; what is sealed for `recipient` only `identity` opens. */
export interface ExportKeyPair {
  /** `AGE-SECRET-KEY-1…`: secret. */
  readonly identity: string;
  /** `age1…`: public. */
  readonly recipient: string;
}

export async function newExportKey(): Promise<ExportKeyPair> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/**
 * The public keys of a recipients file: one a line, `#` begins a comment.
 *
 * @throws {MigrationError} `EXPORT_KEY` for a line that is none, or a file without any.
 */
export async function readRecipients(text: string): Promise<readonly string[]> {
  const recipients = keyLines(text);
  if (recipients.length === 0) throw notAKey('it holds no key', 'one `age1…` a line');
  if (recipients.some((line) => line.toUpperCase().startsWith('AGE-SECRET-KEY-'))) {
    throw notAKey('it holds a secret key', 'the public one, `age1…`, and keep the secret one away from here');
  }
  const { Encrypter } = await import('age-encryption');
  for (const [index, recipient] of recipients.entries()) {
    try {
      new Encrypter().addRecipient(recipient);
    } catch {
      throw notAKey(`key ${index + 1} is no public age key`, 'one `age1…` a line');
    }
  }
  return recipients;
}

function notAKey(what: string, wanted: string): MigrationError {
  return new MigrationError('EXPORT_KEY', `the key for the export cannot be used: ${what}`, {
    hint: `Give ${wanted}; \`gen2 keygen FILE\` or age-keygen makes a pair.`,
  });
}

/** Encrypts an environment, as `NAME=value` lines, for every one of `recipients`; gives ASCII. */
export async function sealEnvironment(env: EnvironmentMap, recipients: readonly string[]): Promise<string> {
  const { armor, Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  // A rack cannot hold a line break in a value, so lines lose nothing; `convox env set` reads them.
  const lines = [...env].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}\n`);
  return armor.encode(await encrypter.encrypt(lines.join('')));
}

/**
 * Opens what `sealEnvironment` made, with the text of an identity file (one `AGE-SECRET-KEY-1…` a line, `#` comments).
 *
 * @throws {MigrationError} `EXPORT_KEY` when none of the keys fits or the text is damaged.
 */
export async function openEnvironment(sealed: string, identityFile: string): Promise<EnvironmentMap> {
  const { armor, Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  try {
    for (const identity of keyLines(identityFile)) decrypter.addIdentity(identity);
  } catch {
    throw cannotOpen('the key file holds something that is no secret age key');
  }
  const text = await decrypter.decrypt(armor.decode(sealed), 'text').catch((error: unknown) => {
    throw cannotOpen(error instanceof Error ? error.message : 'unknown reason');
  });
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

function cannotOpen(why: string): MigrationError {
  // The cause could quote a key, so only its words go along.
  return new MigrationError('EXPORT_KEY', `the exported environment cannot be opened: ${why}`, {
    hint: 'Give the file with the secret key (`AGE-SECRET-KEY-1…`) of one of the keys it was exported for, with --key-file.',
  });
}

function keyLines(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}
