import { gunzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { parse } from 'yaml';
import * as z from 'zod';
import type { Program } from '../model/compute.ts';

/** Text files of a source archive by path; only regular files, as the rack unpacks them (links are dropped). */
export type SourceFiles = ReadonlyMap<string, string>;

/** Bigger files are no manifest and no program; they are skipped. */
const LARGEST_TEXT = 1024 * 1024;

/** Unpacks a gzip-compressed source archive in memory; throws when it is none. */
export async function unpackSource(archive: Buffer): Promise<SourceFiles> {
  const files = await unpackTar(gunzipSync(archive), LARGEST_TEXT);
  return new Map([...files].map(([name, content]) => [name.replace(/^\.\//, ''), content.toString('utf8')]));
}

/** The regular files of a tar; those larger than `largestBytes` come out empty. */
export async function unpackTar(archive: Buffer, largestBytes = Infinity): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const unpack = extract();
  unpack.end(archive);
  for await (const entry of unpack) {
    const { name, type, size } = entry.header;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) {
      // tar-stream types its chunks as unknown; they are Buffers.
      if (size <= largestBytes) chunks.push(chunk as Buffer);
    }
    if (type === 'file') files.set(name, Buffer.concat(chunks));
  }
  return files;
}

/** A tar of the given files, in their order. */
export async function packTar(files: ReadonlyMap<string, string | Buffer>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of files) archive.entry({ name, mtime: new Date(0) }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  // tar-stream types its chunks as unknown; they are Buffers.
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const programSchema = z.looseObject({
  bootSeconds: z.number().optional(),
  statusByPath: z.record(z.string(), z.number()).optional(),
  proxies: z.record(z.string(), z.string()).optional(),
  latencyMs: z.number().optional(),
  errorShare: z.number().optional(),
  allowedHosts: z.array(z.string()).optional(),
  crashAfterSeconds: z.number().optional(),
});

const manifestSchema = z.looseObject({ services: z.record(z.string(), z.unknown()).optional() });
const buildSchema = z.union([
  z.string(),
  z.looseObject({ path: z.string().optional(), context: z.string().optional() }),
]);
const serviceSchema = z.looseObject({ build: buildSchema.optional(), image: z.string().optional() });

/**
 * How each service's program behaves: `program.json` in its build folder. Takes the raw manifest, of either generation
 * (gen 1 without `version` has its services at the top).
 */
export function readPrograms(files: SourceFiles, manifest: string): ReadonlyMap<string, Partial<Program>> {
  const programs = new Map<string, Partial<Program>>();
  // Variables are still in the text; they do not matter for build folders.
  const document = manifestSchema.safeParse(parse(manifest, { logLevel: 'silent' }));
  if (!document.success) return programs;
  const { services = document.data } = document.data;
  for (const [name, value] of Object.entries(services)) {
    const service = serviceSchema.safeParse(value ?? {});
    if (!service.success || service.data.image !== undefined) continue;
    const { build = '.' } = service.data;
    const folder = typeof build === 'string' ? build : (build.path ?? build.context ?? '.');
    const text = files.get(joinPath(folder, 'program.json'));
    if (text !== undefined) programs.set(name, readProgram(name, text));
  }
  return programs;
}

/** Throws when the text is no program. */
function readProgram(service: string, text: string): Partial<Program> {
  const parsed = programSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`program.json of service ${service}: ${parsed.error.message}`);
  // Fields that are absent in the file are absent in the result: zod leaves no `undefined` behind for missing keys.
  return parsed.data as Partial<Program>;
}

function joinPath(folder: string, file: string): string {
  const parts = `${folder}/${file}`.split('/').filter((part) => part !== '' && part !== '.');
  return parts.join('/');
}
