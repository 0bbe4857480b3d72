// Bundles src/cli into dist/cli: a start reads a few files instead of hundreds (docs/dependencies.md has the figures).
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'rolldown';
import { leanPackages } from './lean-packages.mjs';

const root = path.dirname(import.meta.dirname);
const outdir = path.join(root, 'dist', 'cli');

const options = {
  cwd: root,
  platform: 'node',
  external: [/^@dbos-inc\//, 'pg'], // loaded for --state postgres:// alone
  resolve: { mainFields: ['module', 'main'] }, // the SDK's ES modules: what is not used stays out
  transform: { target: 'node20.19' },
  plugins: [leanPackages],
};
const outputOptions = {
  dir: outdir,
  // CommonJS is read faster than ES modules, and what V8 made of it can be kept (src/cli/compiled-code.ts).
  format: 'cjs',
  dynamicImportInCjs: false,
  entryFileNames: ({ name }) => (name.endsWith('main') ? '[name].js' : '[name]-[hash].js'),
  chunkFileNames: '[name]-[hash].js', // a command is read when it is called
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } }, // names stay, for the stack of a bug
};
const command = await build({
  ...options,
  input: { main: 'src/cli/main.ts', 'gen2-process': 'src/cli/gen2-process.ts' },
  output: {
    ...outputOptions,
    // What every command needs in one file, but for what has to run before it is read.
    codeSplitting: {
      groups: [{ name: 'start', tags: ['$initial'], test: (id) => !/compiled-code\.ts$|main\.ts$/.test(id) }],
    },
  },
});
const trafficProcess = await build({
  ...options,
  input: { 'traffic-process-main': 'src/cli/rehearsal/traffic-process-main.ts' }, // a process of its own
  output: { ...outputOptions, codeSplitting: false },
});
writeFileSync(path.join(outdir, 'package.json'), '{ "type": "commonjs" }\n');
chmodSync(path.join(outdir, 'main.js'), 0o755);
const chunks = [command, trafficProcess].flatMap(({ output }) => output).filter(({ type }) => type === 'chunk');
const inputsOf = ({ moduleIds }) => moduleIds.map((id) => path.relative(root, id));
writeFileSync(path.join(outdir, 'third-party-licenses.txt'), licences(chunks.flatMap(inputsOf)));
// What is in which file, for tests.
mkdirSync(path.join(root, 'dist'), { recursive: true });
const inventory = Object.fromEntries(chunks.map((chunk) => [chunk.fileName, inputsOf(chunk)]));
writeFileSync(path.join(root, 'dist', '.bundle.json'), JSON.stringify(inventory));

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
