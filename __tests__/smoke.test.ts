import { expect, test } from "@jest/globals";
import { startXray } from "../sandbox/services/index.ts";
import { runAction, shown } from "./support.ts";

test("the built action exchanges Xray's client credentials for a proven token", async () => {
  const xray = await startXray({});
  try {
    const inputs = xray.accounts["client-credentials"]?.inputs ?? {};
    const { main, post } = await runAction({ provider: "xray", url: xray.url, ...inputs });
    expect(main.exitCode).toBe(0);
    expect(main.outputs).toMatchObject({ probe: "accepted", method: "client-credentials", failure: "" });
    expect(shown(main)).not.toContain(inputs["client-secret"]);
    expect(post?.log).toContain("offers no revocation");
  } finally {
    await xray.close();
  }
});
