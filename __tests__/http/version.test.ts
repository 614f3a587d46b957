import { expect, test } from "@jest/globals";
import { VERSION } from "../../src/http/version.ts";
import { packageJson } from "../kit/support.ts";

test("the version in the User-Agent is the package's", () => {
  expect(VERSION).toBe(packageJson.version);
});
