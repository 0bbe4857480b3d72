import { Writable } from 'node:stream';
import type { Output } from './shell.ts';

/** An output as the stream readline writes its prompt to. */
export function asStream(output: Output): NodeJS.WritableStream {
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      output.write(chunk.toString());
      done();
    },
  });
  // readline asks these of a terminal, to place the cursor in a question longer than a line.
  return Object.assign(stream, { isTTY: output.isTTY, columns: output.columns() });
}
