import { PassThrough, pipeline, type Readable } from 'node:stream';
import { failure } from './rack-error.ts';
import type { Secrets } from './secrets.ts';
import type { StreamReply } from './request.ts';
import { MigrationError } from '../errors.ts';

/** A promise made in the trailers of an answer, and what it must say. */
export interface ExpectedTrailer {
  readonly name: string;
  readonly value: string;
}

/**
 * The body of an answer, ending with a MigrationError instead of axios's own when it breaks off or is stopped.
 *
 * With `trailer` the end counts only if the server's closing words say so: an error half-way can otherwise be seen only
 * as a short body (convox/rack@20171213132441 api/controllers/builds.go `BuildExport`).
 */
export function guarded(
  reply: StreamReply,
  secrets: Secrets,
  signal: AbortSignal,
  trailer?: ExpectedTrailer,
): Readable {
  const out = new PassThrough({
    highWaterMark: 256 * 1024,
    flush: (done) => {
      const announced = (reply.headers['trailer'] ?? '').toLowerCase();
      if (trailer === undefined || announced !== trailer.name) {
        done();
        return;
      }
      const said = reply.trailer(trailer.name);
      done(said === trailer.value ? null : cutShort(reply));
    },
  });
  pipeline(reply.body, out, () => undefined); // its errors reach the reader through `out`
  const destroy = out._destroy.bind(out);
  out._destroy = (error, done) => {
    destroy(error === null ? null : translated(reply, error, secrets, signal), done);
  };
  return out;
}

function translated(reply: StreamReply, error: Error, secrets: Secrets, signal: AbortSignal): Error {
  try {
    return failure(reply.label, error, secrets, signal);
  } catch {
    return cutShort(reply);
  }
}

function cutShort(reply: StreamReply): MigrationError {
  return new MigrationError(
    'RACK_UNREACHABLE',
    `${reply.label.what} on rack ${reply.label.rack}: broken off half-way`,
    {
      hint: 'What has arrived is not complete; fetch it again.',
      retryable: true,
      details: { operation: reply.label.what, rack: reply.label.rack, reason: 'truncated' },
    },
  );
}
