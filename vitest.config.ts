import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/install-product.ts', 'test/support/ordinary-user.ts'],
    setupFiles: 'test/support/as-ordinary-user.ts',
    pool: 'forks',
    // Real bw runs take seconds each and use a core each; two at a time is what a small machine can do.
    maxWorkers: 2,
    // A bound against hanging for ever, not an expectation: nothing here asserts a time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
