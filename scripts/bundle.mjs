// Bundles src/cli into dist/cli: a start reads a few files instead of hundreds (docs/dependencies.md has the figures).
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.dirname(import.meta.dirname);
const outdir = path.join(root, 'dist', 'cli');

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'src/cli/main.ts',
    'traffic-process-main': 'src/cli/rehearsal/traffic-process-main.ts', // a process of its own
  },
  outdir,
  bundle: true,
  splitting: true, // a command is read when it is called
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'], // the SDK's ES modules: what is not used stays out
  external: ['@dbos-inc/dbos-sdk', 'pg'], // loaded for --state postgres:// alone
  minifySyntax: true,
  minifyWhitespace: true, // names stay, for the stack of a bug
  // CommonJS packages ask for Node's own modules with require().
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  metafile: true,
  logLevel: 'warning',
});
chmodSync(path.join(outdir, 'main.js'), 0o755);
writeFileSync(path.join(outdir, 'third-party-licenses.txt'), licences(Object.keys(metafile.inputs)));
writeFileSync(path.join(root, 'dist', '.bundle.json'), JSON.stringify(metafile)); // what is in which file, for tests

/** The licence of each package that was bundled: all of them want to travel along. A text many share stands once. */
function licences(inputs) {
  const folders = new Set(inputs.map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]));
  const packages = new Map();
  for (const folder of [...folders].filter((found) => found !== undefined).sort()) {
    const { name, version, license } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(path.join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : readFileSync(path.join(root, folder, file), 'utf8').trim();
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version}: ${license}`]);
  }
  return [...packages].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}
