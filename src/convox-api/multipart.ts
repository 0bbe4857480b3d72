import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

export interface Multipart {
  readonly contentType: string;
  readonly open: () => Readable;
}

/**
 * A `multipart/form-data` body with one streamed file first and fields after it, as the 2017 convox CLI sends it
 * (convox/rack@20171213132441 client/builds.go). Written here because axios would need the size of the file, or would
 * read it into memory.
 */
export function multipart(
  file: { readonly name: string; readonly open: () => Readable },
  fields: Readonly<Record<string, string>>,
): Multipart {
  const boundary = randomBytes(30).toString('hex');
  const disposition = (name: string, more = ''): string => `Content-Disposition: form-data; name="${name}"${more}\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    open: () =>
      Readable.from(
        (async function* () {
          yield Buffer.from(
            `--${boundary}\r\n${disposition(file.name, '; filename="binary-data"')}Content-Type: application/octet-stream\r\n\r\n`,
          );
          yield* file.open();
          for (const [name, value] of Object.entries(fields)) {
            yield Buffer.from(`\r\n--${boundary}\r\n${disposition(name)}\r\n${value}`);
          }
          yield Buffer.from(`\r\n--${boundary}--\r\n`);
        })(),
        { objectMode: false, highWaterMark: 256 * 1024 },
      ),
  };
}
