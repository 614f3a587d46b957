import { afterEach, describe, expect, test } from "@jest/globals";
import { startQa, startTuleap, startVirtuozzo, startXray } from "../../sandbox/services/index.ts";
import { answerWith, closeServices, inputsOf, runAction, runMain, started } from "../kit/support.ts";

afterEach(closeServices);

const SEAL_KEY = Buffer.alloc(32, 7).toString("base64");
const ACTION = { action_repository: "octo-org/api-token-exchange", action_ref: "v1" };

describe("a failure's code", () => {
  test("ends the line in the log, which stays one line", async () => {
    const main = await runMain({ provider: "nobody" });
    expect(main.annotations).toEqual([{ type: "error", title: "Invalid input", message: expect.any(String) }]);
    expect(main.annotations[0]?.message).toMatch(/^[^\n]+ \(invalid-input\)$/);
  });

  test("stands first in the summary, and leads to its chapter at the version that ran", async () => {
    const main = await runMain({ provider: "nobody" }, { github: ACTION });
    expect(main.summary).toMatch(/<table><tr><th align="left">Failure<\/th>/);
    expect(main.summary).toContain(
      '<a href="https://github.com/octo-org/api-token-exchange/blob/v1/docs/troubleshooting.md#invalid-input">invalid-input</a>',
    );
  });

  test.each<Readonly<Record<string, string>>>([
    {},
    { action_repository: "", action_ref: "" },
    { ...ACTION, action_repository: "octo-org" },
    { ...ACTION, action_repository: 'o"/x><script>' },
    { ...ACTION, action_ref: "" },
    { ...ACTION, action_ref: 'v1"><b>' },
  ])("is plain text where the runner tells no such place: %j", async (github) => {
    const { summary } = await runMain({ provider: "nobody" }, { github });
    expect(summary).toContain("<td>invalid-input</td>");
    expect(summary).not.toMatch(/<a |<b>|<script/);
  });
});

describe("code in a text", () => {
  test("is marked as code in the summary, and stands in quotes in an annotation", async () => {
    const main = await runMain({ provider: "xray", "client-id": "abc" });
    expect(main.outputs.failure).toBe("missing-secret");
    expect(main.summary).toContain("<code>secrets: inherit</code>");
    expect(main.annotations[0]?.message).toContain('"secrets: inherit"');
    expect(`${main.summary}${main.annotations[0]?.message}`).not.toContain("`");
  });

  test("of a warning and a notice stands in quotes too", async () => {
    const service = await started(startVirtuozzo());
    const inputs = { ...inputsOf({ provider: "virtuozzo", method: "session" }, service), "seal-key": SEAL_KEY };
    const { annotations } = await runMain(inputs);
    expect(annotations.map(({ title }) => title)).toEqual(["Sealed without an expiry"]);
    expect(annotations[0]?.message).toContain('"revoke: true"');
    expect(annotations[0]?.message).not.toContain("`");
  });
});

describe("the log of a success", () => {
  test("tells once when the credential expires, in UTC by its Z", async () => {
    const service = await started(startXray());
    const { main, post } = await runAction(inputsOf({ provider: "xray", method: "client-credentials" }, service));
    expect(main.log).toMatch(/^Expires: in 2?\d h( \d+ min)?, at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m);
    expect(`${main.log}${post?.log}`).not.toContain("UTC");
  });

  test("says of an expiry that nobody knows just that", async () => {
    const service = await started(startVirtuozzo());
    const inputs = { ...inputsOf({ provider: "virtuozzo", method: "session" }, service), summary: "true" };
    const main = await runMain(inputs);
    expect(main.log).toContain("\nExpires: no expiry known\n");
    expect(main.summary).toContain('<tr><th align="left">Expires</th><td>no expiry known</td></tr>');
  });

  test("says that it sealed, and that a seal was opened without a proof", async () => {
    const service = await started(startTuleap());
    const inputs = inputsOf({ provider: "tuleap", method: "token" }, service);
    const sealing = await runMain({ ...inputs, "seal-key": SEAL_KEY, "export-env": "false" });
    expect(sealing.log).toContain("\nSealed: for the other jobs of this run\n");
    const opened = await runMain({
      sealed: sealing.outputs.sealed ?? "",
      "seal-key": SEAL_KEY,
      probe: "false",
      summary: "true",
    });
    expect(opened.log).toContain("so the credential is not proven\n");
    expect(opened.summary).toContain("skipped (<code>probe: false</code>), so the credential is not proven");
    expect(opened.log).not.toContain("Sealed:");
    const exchanged = await runMain({ ...inputs, probe: "false" });
    expect(exchanged.log).toContain("so the credential is not proven\n");
    expect(exchanged.log).not.toContain("Sealed:");
  });
});

test("a probe that told nothing warns that the token is not proven", async () => {
  const service = await started(startQa());
  service.fault(answerWith(({ path }) => path.startsWith("/restapi/"), 503));
  const main = await runMain({
    ...inputsOf({ provider: "qa", method: "client-credentials" }, service),
    retries: "0",
  });
  expect(main.annotations).toMatchObject([{ type: "warning", title: "Token not proven" }]);
});

test("a key that looks cut off is warned of under a title that says so", async () => {
  const inputs = { provider: "reportportal", url: "http://127.0.0.1:9", token: "mykey_cut-off-at-its-end" };
  const main = await runMain({ ...inputs, probe: "false" });
  expect(main.annotations.map(({ title }) => title)).toEqual(["API key looks cut off"]);
});
