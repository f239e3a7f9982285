import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const ops = process.env.OFITEC_TEST_KIND === 'ops';

/** @type {import('jest').Config} */
export default {
  testMatch: ops
    ? ['<rootDir>/test/ops/**/*.test.ts']
    : ['<rootDir>/{src,modules,infra,test}/**/*.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/dist/',
    ...(ops ? [] : ['<rootDir>/test/ops/']),
  ],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testEnvironment: '<rootDir>/test/support/environment.cjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  reporters: ['default', '<rootDir>/test/support/count-reporter.cjs'],
  transform: {
    '^.+\\.ts$': [
      require.resolve('@swc/jest'),
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript', decorators: true } },
        module: { type: 'commonjs' },
      },
    ],
  },
  moduleNameMapper: {
    '^#test$': '<rootDir>/test/support/bridge.cjs',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  maxWorkers: 2,
  // What hangs is found by it, and not what a machine under load takes ten times as long for.
  testTimeout: 180_000,
  errorOnDeprecated: true,
};
