import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// The arrows of the architecture (docs/architecture.md): who may import whom.
const layers = {
  time: ['errors'],
  'convox-api': ['errors', 'time'],
  aws: ['errors', 'time'],
  manifest: ['errors'],
  orchestrator: ['errors', 'time', 'manifest'],
  connect: ['errors', 'time', 'convox-api', 'aws', 'manifest', 'orchestrator'],
  // The sandbox imports none of the code it stands in for.
  sandbox: ['time'],
};
const folders = ['time', 'convox-api', 'aws', 'manifest', 'orchestrator', 'connect', 'sandbox', 'cli'];

const arrows = Object.entries(layers).map(([layer, allowed]) => ({
  files: [`src/${layer}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: folders
          .filter((folder) => folder !== layer && !allowed.includes(folder))
          .map((folder) => ({
            regex: `(^|/)\\.\\./(?:[^.]+/)*${folder}/`,
            message: `src/${layer} must not import src/${folder} (docs/architecture.md)`,
          }))
          .concat(
            allowed.includes('errors')
              ? []
              : [{ regex: '/errors\\.ts$', message: `src/${layer} must not import src/errors.ts` }],
          ),
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules', '.gen2'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'named exports only' },
        { selector: 'TSEnumDeclaration', message: 'unions of string literals, not enums' },
        {
          selector: 'ImportDeclaration[source.value=/^zod/] > ImportSpecifier',
          message: "import * as z from 'zod': else all of zod, its translations too, is read at every start",
        },
      ],
    },
  },
  ...arrows,
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-globals': ['error', { name: 'process', message: 'only src/cli reads or writes process.*' }],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['vitest.config.ts', 'test/support/plain-line-reporter.ts', 'eslint.config.js'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', AbortController: 'readonly' },
    },
  },
);
