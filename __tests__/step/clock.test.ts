import { describe, expect, test } from "@jest/globals";
import { type Service, services, startTuleap, startXray } from "../../sandbox/services/index.ts";
import { answer } from "../kit/faults.ts";
import { answerWith, preload, runAction, runMain } from "../kit/support.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Variables that put the runner's clock ahead (or behind) by so many milliseconds. */
function clockAt(ahead: number): Record<string, string> {
  return preload(`
    const now = Date.now;
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor(...parts) {
        if (parts.length === 0) super(now() + ${ahead});
        else super(...parts);
      }
      static now() {
        return now() + ${ahead};
      }
    };
  `);
}

function inputsFor(provider: "xray" | "tuleap" | "qa", method: string, service: Service): Record<string, string> {
  return { provider, method, url: service.url, ...service.accounts[method]?.inputs };
}

describe("a runner's clock that is off", () => {
  test("is told where a step is refused, with how far and which way", async () => {
    const tuleap = await startTuleap({});
    try {
      const inputs = { ...inputsFor("tuleap", "token", tuleap), password: "a wrong password" };
      for (const [ahead, says] of [
        [7 * HOUR, "runner's clock is 7 h ahead of the service's"],
        [-(7 * HOUR + 2 * MINUTE), "runner's clock is 7 h 2 min behind the service's"],
        [-6 * MINUTE, "runner's clock is 6 min behind"],
        [3 * 24 * HOUR, "runner's clock is 3 d ahead of the service's"],
      ] as const) {
        const main = await runMain(inputs, { env: clockAt(ahead) });
        expect(main.outputs.failure).toBe("refused");
        expect(main.annotations[0]?.message).toContain(says);
      }
    } finally {
      await tuleap.close();
    }
  });

  test("is told where the probe refuses", async () => {
    const tuleap = await startTuleap({});
    try {
      const inputs = { provider: "tuleap", url: tuleap.url, token: `tlp-k1-1.${"a".repeat(64)}` };
      const main = await runMain(inputs, { env: clockAt(-2 * HOUR) });
      expect(main.outputs.failure).toBe("refused");
      expect(main.annotations[0]?.message).toContain("2 h behind the service's");
    } finally {
      await tuleap.close();
    }
  });

  test("is not told below five minutes, without a date, by a kept answer, or where it cannot be the cause", async () => {
    const tuleap = await startTuleap({});
    try {
      const wrong = { ...inputsFor("tuleap", "token", tuleap), password: "a wrong password", retries: "0" };
      const fine = await runMain(wrong, { env: clockAt(4 * MINUTE) });
      expect(fine.annotations[0]?.message).not.toContain("clock");
      for (const headers of [{ date: "soon" }, { date: "" }, { age: "25200", date: new Date(0).toUTCString() }]) {
        tuleap.fault(answer(401, headers));
        const main = await runMain(wrong, { env: clockAt(7 * HOUR) });
        expect([main.outputs.failure, main.annotations[0]?.message.includes("clock")]).toEqual(["refused", false]);
      }
      for (const status of [503, 429, 404]) {
        tuleap.fault(answer(status));
        const main = await runMain(wrong, { env: clockAt(7 * HOUR) });
        expect([status, main.annotations[0]?.message.includes("clock")]).toEqual([status, false]);
      }
    } finally {
      await tuleap.close();
    }
  });

  test("is a warning where an expiry is odd", async () => {
    const xray = await startXray({});
    try {
      const inputs = inputsFor("xray", "client-credentials", xray);
      for (const [ahead, says] of [
        [25 * HOUR, "25 h ahead of"],
        [-7 * HOUR, "7 h behind"],
        [20 * HOUR, "20 h ahead of"],
      ] as const) {
        const main = await runMain(inputs, { env: clockAt(ahead) });
        expect([main.exitCode, main.annotations.map(({ type, title }) => [type, title])]).toEqual([
          0,
          [["warning", "Clock of the runner"]],
        ]);
        const wrong = 'the service\'s, so "expires-at" or "expires-in" is wrong: set it right.';
        expect(main.annotations[0]?.message).toBe(`The runner's clock is ${says} ${wrong}`);
      }
    } finally {
      await xray.close();
    }
  });

  test("is left alone where the run is fine", async () => {
    for (const [provider, method, ahead] of [
      ["xray", "client-credentials", 0],
      ["xray", "client-credentials", 4 * MINUTE],
      ["xray", "client-credentials", -10 * MINUTE],
      ["qa", "client-credentials", 10 * MINUTE],
      ["tuleap", "access-key", 30 * HOUR],
    ] as const) {
      const service = await services[provider]({});
      try {
        const { main } = await runAction(inputsFor(provider, method, service), { env: clockAt(ahead) });
        expect([provider, ahead, main.exitCode, main.annotations]).toEqual([provider, ahead, 0, []]);
      } finally {
        await service.close();
      }
    }
  });

  test("does not spoil a Retry-After that is a date", async () => {
    const tuleap = await startTuleap({});
    try {
      const limited = answerWith(() => true, 429, "");
      tuleap.fault((request, req, res) => {
        res.setHeader("retry-after", new Date(Date.now() + 40_000).toUTCString());
        return limited(request, req, res);
      });
      for (const ahead of [7 * HOUR, -7 * HOUR]) {
        const main = await runMain({ ...inputsFor("tuleap", "token", tuleap), timeout: "10" }, { env: clockAt(ahead) });
        expect(main.annotations[0]?.message).toMatch(/It asks to wait (39|40|41) seconds/);
      }
    } finally {
      await tuleap.close();
    }
  });
});
