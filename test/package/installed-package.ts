import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

const packageSchema = z.object({
  dependencies: z.record(z.string(), z.string()),
  bin: z.record(z.string(), z.string()),
});

/**
 * Puts the packed tarball into `folder/node_modules` as `npm install` would, with links to the dependencies this
 * repository has installed already: no registry is asked.
 */
export async function installPackage(folder: string): Promise<void> {
  await run(process.execPath, [join(ROOT, 'scripts', 'build.mjs')]);
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack wrote no tarball');
  const modules = join(folder, 'node_modules');
  const home = join(modules, 'convox-gen2');
  await mkdir(home, { recursive: true });
  await mkdir(join(modules, '.bin'));
  await run('tar', ['xzf', join(folder, tarball), '-C', home, '--strip-components', '1']);
  const { dependencies, bin } = packageSchema.parse(JSON.parse(await readFile(join(home, 'package.json'), 'utf8')));
  for (const name of Object.keys(dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  for (const [name, file] of Object.entries(bin)) await symlink(join(home, file), join(modules, '.bin', name));
}
