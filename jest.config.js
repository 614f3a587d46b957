/** Node strips the types and Jest runs the sources as ES modules: no transformer stands between a test and what it tests. */
export default {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: {},
  testMatch: ["<rootDir>/__tests__/**/*.test.ts"],
  // Half an hour: some tests start hundreds of processes, and a machine may be six times slower than an idle one. What a
  // test starts has limits of its own, so none hangs that long; no test gives itself less.
  testTimeout: 1_800_000,
  coverageProvider: "v8",
  collectCoverageFrom: ["src/**/*.ts"],
};
