import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // A sandbox or a database is started in hooks, on machines that may be busy.
    hookTimeout: 120_000,
    maxWorkers: 2,
    sequence: { shuffle: { tests: true } },
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    reporters: ['default', './test/support/plain-line-reporter.ts'],
    coverage: {
      provider: 'v8',
      include: ['src/orchestrator/**', 'src/aws/**'],
      reporter: ['text-summary'],
      thresholds: {
        'src/orchestrator/**': { lines: 90 },
        'src/aws/**': { lines: 90 },
      },
    },
  },
});
