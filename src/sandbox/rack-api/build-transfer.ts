import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import type { Api } from './api.ts';
import type { Build } from './rack-store.ts';
import { RackRefusal } from './reply.ts';
import { packTar, unpackTar } from './source-archive.ts';

const rowSchema = z.looseObject({
  id: z.string(),
  app: z.string(),
  manifest: z.string(),
  description: z.string().default(''),
});
const programsSchema = z.record(z.string(), z.looseObject({}));

/** A build as it leaves the rack: `build.json`, and one archive of images, in which the sandbox keeps the programs. */
export async function exportBuild(api: Api, build: Build): Promise<Buffer> {
  const { id, app, manifest, description, release, status } = build;
  if (status !== 'complete') throw new RackRefusal(500, `build is not complete: ${id}`);
  const row = JSON.stringify({ id, app, manifest, description, release, status });
  const programs = JSON.stringify(Object.fromEntries(build.programs));
  const images = await packTar(new Map([['programs.json', programs]]));
  api.log(api.rack, `ns=rack at=BuildExport app=${app} build=${id} state=success`);
  return gzipSync(
    await packTar(
      new Map<string, string | Buffer>([
        ['build.json', row],
        [`${app}.${id}.tar`, images],
      ]),
    ),
  );
}

/** Takes a build in: a new build row and a release with the environment of the app's latest one. */
export async function importBuild(api: Api, app: string, archive: Buffer): Promise<Build> {
  const { row, programs } = await readArchive(archive);
  const latest = api.store.latestRelease(app);
  const build = api.store.addBuild({
    app,
    description: row.description,
    manifest: row.manifest,
    release: '',
    reason: '',
    status: 'complete',
    endedAt: api.world.clock.now(),
    programs,
  });
  build.release = api.store.addRelease({
    app,
    build: build.id,
    manifest: row.manifest,
    env: latest?.env ?? '',
    description: row.description,
  }).id;
  return build;
}

interface BuildArchive {
  readonly row: z.infer<typeof rowSchema>;
  readonly programs: Build['programs'];
}

async function readArchive(archive: Buffer): Promise<BuildArchive> {
  if (archive[0] !== 0x1f || archive[1] !== 0x8b) throw new RackRefusal(500, 'gzip: invalid header');
  try {
    const files = await unpackTar(gunzipSync(archive));
    const row = rowSchema.parse(JSON.parse(textOf(files, 'build.json')));
    const images = files.get(`${row.app}.${row.id}.tar`);
    if (images === undefined) throw new Error('no images');
    const programs = programsSchema.parse(JSON.parse(textOf(await unpackTar(images), 'programs.json')));
    return { row, programs: new Map(Object.entries(programs)) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RackRefusal(500, `invalid build archive: ${reason}`);
  }
}

function textOf(files: ReadonlyMap<string, Buffer>, name: string): string {
  const content = files.get(name);
  if (content === undefined) throw new Error(`no ${name}`);
  return content.toString('utf8');
}
