import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { MigrationError } from '../errors.ts';
import { ask, tell, type RackContext } from './context.ts';
import { encodeKey, pathOf } from './form.ts';
import { guarded } from './guarded-stream.ts';
import { ObjectKeys, StoredObject } from './schema.ts';
import type { RequestBody } from './request.ts';

/** What to store: bytes, or something that opens a stream of them anew for each attempt. */
export type ObjectContent = string | Buffer | (() => Readable);

/** Objects in the bucket of an app; racks from 20180222001443. */
export interface ObjectOperations {
  /** Stores an object under a key, replacing what is there. @returns its `object://APP/KEY` url. */
  store(app: string, key: string, content: ObjectContent, signal: AbortSignal): Promise<{ readonly url: string }>;
  /** @throws {MigrationError} `RACK_NOT_FOUND` */
  fetch(app: string, key: string, signal: AbortSignal): Promise<Readable>;
  /** Asks the list: `HEAD` answers 200 whether the object exists or not. */
  exists(app: string, key: string, signal: AbortSignal): Promise<boolean>;
  delete(app: string, key: string, signal: AbortSignal): Promise<void>;
  /** Keys that begin with `prefix`. */
  list(app: string, prefix: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** A key as the convox CLI makes it: `tmp/` and 30 hex digits (convox/rack@20260421192651 pkg/cli/builds.go). */
export function temporaryKey(): string {
  return `tmp/${randomBytes(15).toString('hex')}.tgz`;
}

export function createObjectOperations(context: RackContext): ObjectOperations {
  const pathTo = (app: string, key: string): string => `${pathOf('apps', app, 'objects')}/${encodeKey(key)}`;

  const list: ObjectOperations['list'] = async (app, prefix, signal) => {
    const path = pathOf('apps', app, 'objects');
    const request = { operation: 'objects.list', subject: app, method: 'GET', path, query: { prefix } } as const;
    return ask(context, ObjectKeys, request, signal);
  };

  return {
    list,

    store: async (app, key, content, signal) => {
      assertKey(key);
      return await ask(
        context,
        StoredObject,
        {
          operation: 'objects.store',
          subject: `${app} ${key}`,
          method: 'POST',
          path: pathTo(app, key),
          body: bodyOf(content),
          isRepeatable: true, // the same bytes under the same key
        },
        signal,
      );
    },

    fetch: async (app, key, signal) => {
      assertKey(key);
      const request = {
        operation: 'objects.fetch',
        subject: `${app} ${key}`,
        method: 'GET',
        path: pathTo(app, key),
      } as const;
      return guarded(await context.session.stream(request, signal), context.secrets, signal);
    },

    exists: async (app, key, signal) => (await list(app, key, signal)).includes(key),

    delete: async (app, key, signal) => {
      assertKey(key);
      const request = { operation: 'objects.delete', subject: `${app} ${key}`, method: 'DELETE' } as const;
      return tell(context, { ...request, path: pathTo(app, key) }, signal);
    },
  };
}

// Any other content type is decoded as a form: the object is then empty, and the answer still 200.
function bodyOf(content: ObjectContent): RequestBody {
  const contentType = 'application/octet-stream';
  return typeof content === 'function'
    ? { type: 'stream', contentType, open: content }
    : { type: 'raw', contentType, content };
}

function assertKey(key: string): void {
  if (key !== '' && !key.startsWith('/') && !key.endsWith('/')) return;
  throw new MigrationError('RACK_INVALID', `objects: ${JSON.stringify(key)} is not a key`, {
    hint: 'Give a key such as tmp/NAME.tgz; for an empty one the rack would choose a name of its own.',
  });
}
