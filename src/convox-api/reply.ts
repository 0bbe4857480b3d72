import type * as z from 'zod';
import { MigrationError } from '../errors.ts';
import type { TextReply } from './request.ts';

/**
 * Reads a JSON answer by its schema: unknown fields pass, a missing one is a named error.
 *
 * @throws {MigrationError} `RACK_PROTOCOL` with the path of the field in `details.path`; values are never quoted, since
 * an answer can hold an environment.
 */
export function parseReply<Schema extends z.ZodType>(reply: TextReply, schema: Schema): z.output<Schema> {
  const type = (reply.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  // Classic racks send some JSON as text/plain.
  if (!['', 'application/json', 'text/plain'].includes(type)) {
    throw protocolError(reply, `answered with ${type === 'text/html' ? 'an HTML page' : type} instead of JSON`);
  }
  let value: unknown;
  try {
    value = JSON.parse(reply.text);
  } catch {
    const what = reply.text === '' ? 'an empty answer' : /^\s*</.test(reply.text) ? 'an HTML page' : 'broken JSON';
    throw protocolError(reply, `answered with ${what} instead of JSON`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? '(the whole answer)' : issue.path.map(String).join('.');
  throw protocolError(reply, `field ${path} is missing or of another kind than expected`, path);
}

/**
 * Accepts every form of "it worked": `ok`, `OK`, `{"success":true}`, or the object itself, whatever the content type.
 *
 * @throws {MigrationError} `RACK_PROTOCOL`; the change has probably been made, so `details.landed` is `unknown`.
 */
export function expectSuccess(reply: TextReply): void {
  const text = reply.text.trim();
  if (text.toLowerCase() === 'ok') return;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && (!('success' in value) || value.success === true)) return;
  } catch {
    // Falls through to the error below.
  }
  throw protocolError(reply, text.startsWith('<') ? 'answered with an HTML page' : 'answered neither ok nor JSON');
}

/** The error for an answer that cannot be from a rack, or is from one we do not know. */
function protocolError(reply: TextReply, problem: string, path?: string): MigrationError {
  return new MigrationError('RACK_PROTOCOL', `${reply.label.what} on rack ${reply.label.rack}: ${problem}`, {
    hint: 'Is this the address of a rack? If it is, its version may be one this client does not know yet.',
    details: {
      operation: reply.label.what,
      rack: reply.label.rack,
      status: reply.status,
      ...(path === undefined ? {} : { path }),
      ...(reply.label.effect === 'write' ? { landed: 'unknown' } : {}),
    },
  });
}
