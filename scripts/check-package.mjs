// `npm run check:package`: packs the package and looks at it as those who install it: its files and size, its exports
// (publint), its types (attw).
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBuilt } from './build.mjs';

/** Everything else has no business in the package. */
const WANTED = /^(dist\/|docs\/.*\.(md|json)$|README\.md$|CHANGELOG\.md$|LICENSE$|package\.json$)/;
const UNWANTED = /^dist\/sandbox\/|^dist\/\.|\.map$/;
const LARGEST_KB = 2_000;

const root = path.dirname(import.meta.dirname);
ensureBuilt();
const folder = mkdtempSync(path.join(tmpdir(), 'gen2-package-'));
try {
  const told = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename, size, unpackedSize, files }] = JSON.parse(told);
  const kb = (bytes) => `${Math.round(bytes / 1024)} kB`;
  console.log(`${filename}: ${files.length} files, ${kb(size)} packed, ${kb(unpackedSize)} unpacked`);
  const strangers = files.map((file) => file.path).filter((name) => !WANTED.test(name) || UNWANTED.test(name));
  for (const name of strangers) console.error(`not for users: ${name}`);
  if (size > LARGEST_KB * 1024) console.error(`larger than ${LARGEST_KB} kB`);
  const tarball = path.join(folder, filename);
  const isFit = [
    strangers.length === 0 && size <= LARGEST_KB * 1024,
    passes('publint', ['node_modules/publint/src/cli.js', 'run', tarball, '--strict']),
    // CommonJS gets the ES module by require(), which the wanted Node.js can (docs/guides/library.md).
    passes('attw', [
      'node_modules/@arethetypeswrong/cli/dist/index.js',
      tarball,
      '--profile',
      'esm-only',
      '--no-emoji',
    ]),
  ];
  process.exitCode = isFit.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function passes(name, argv) {
  const { status } = spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' });
  if (status !== 0) console.error(`${name} is not content`);
  return status === 0;
}
