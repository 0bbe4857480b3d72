/**
 * What the procedure needs from outside, in its own words: plain data in, plain data out. `src/connect` builds these
 * from a RackClient and AWS clients; tests build them the same way on the sandbox.
 */
import type { Readable } from 'node:stream';
import type { Clock } from '../time/clock.ts';
import type { AwsPort } from './aws-port.ts';
import type { RackPort } from './rack-port.ts';

export type * from './aws-port.ts';
export type * from './balancer-room.ts';
export type * from './rack-port.ts';

/** Reads the source folder. */
export interface SourcePort {
  /** Text of a file in the folder, undefined if there is none. */
  readFile(folder: string, path: string): Promise<string | undefined>;
  exists(folder: string): Promise<boolean>;
}

/** Writes what must outlive the old app. */
export interface ExportPort {
  /** Where exports of this execution go, for people. */
  readonly location: string;
  writeText(name: string, text: string): Promise<void>;
  writeStream(
    name: string,
    content: Readable,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number; /** In hex. */ readonly sha256: string }>;
}

/** Reads what an ExportPort wrote. */
export interface ExportReader {
  /** Where it is, for people. */
  readonly location: string;
  /** @throws {MigrationError} `EXPORT_DAMAGED` when the file is not there or cannot be read. */
  readStream(name: string): Promise<Readable>;
  /** Undefined if there is no such file. */
  readText(name: string): Promise<string | undefined>;
}

export interface Ports {
  readonly rack: RackPort;
  readonly aws: AwsPort;
  readonly source: SourcePort;
  readonly clock: Clock;
}
