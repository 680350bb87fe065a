import { defineConfig } from 'vitest/config';

/** Where tests build programs for this machine; taken away with the run. */
const BUILDS_SETUP = 'test/firmware/builds-setup.ts';

/**
 * Real sockets, processes and leases on real time: a busy machine can hold one up beyond what a test waits for. What passes the
 * second time is marked as such in the output.
 */
const RETRIES = 1;

const shared = {
  environment: 'node' as const,
  pool: 'forks' as const,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

/** One project a kind of test; `npm test` runs all but `long`, which `npm run test:long` runs alone. */
export default defineConfig({
  test: {
    // Most tests wait for processes and links most of the time.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/contract/**/*.test.ts'],
          retry: RETRIES,
          // Its modules import each other without file endings, which Node does not resolve.
          server: { deps: { inline: ['@ldclabs/cose-ts'] } },
        },
      },
      {
        test: {
          ...shared,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          retry: RETRIES,
          globalSetup: [BUILDS_SETUP],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      // A file a process: a virtual clock stands in for the process's timers.
      {
        test: {
          ...shared,
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
      // Compiles the device's side and runs it: on this machine, and on emulated boards.
      {
        test: {
          ...shared,
          name: 'firmware',
          include: ['test/firmware/**/*.test.ts'],
          retry: RETRIES,
          globalSetup: ['test/firmware/setup.ts', BUILDS_SETUP],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      { test: { ...shared, name: 'repo', include: ['test/repo/**/*.test.ts'] } },
      ...(process.env.SEDGE_LONG
        ? [
            {
              test: {
                ...shared,
                name: 'long',
                include: ['test/long/**/*.test.ts'],
                globalSetup: [BUILDS_SETUP],
                testTimeout: 3_600_000,
              },
            },
          ]
        : []),
    ],
  },
});
