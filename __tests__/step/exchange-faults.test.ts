import { beforeAll, describe, expect, test } from "@jest/globals";
import { ALL, play, pooled, WAYS } from "../kit/fault-stages.ts";
import { faults } from "../kit/faults.ts";
import { table, together, writeChapter } from "../kit/reliability.ts";
import { endedWithin, leaks } from "../kit/support.ts";

/** Requests per service, in the order of `ALL`. All is run with `retries: 2`. */
const ONE = [1, 1, 1, 1, 1, 1];
const EVERY_RETRY = [3, 3, 3, 3, 3, 3];
/** A password that may have arrived goes out once more, a client secret as often as allowed. */
const MAY_HAVE_ARRIVED = [2, 3, 2, 2, 3, 3];
/** ReportPortal has two places for its token endpoint. */
const BOTH_PLACES = [2, 1, 1, 1, 1, 1];

interface Row {
  readonly fault: keyof typeof faults;
  readonly failure: string;
  /** Where the contract has another word for this service. */
  readonly but?: Readonly<Partial<Record<(typeof ALL)[number], string>>>;
  readonly requests: readonly number[];
  /** `timeout` of the step; 10 unless told. */
  readonly seconds?: number;
  /** What the annotation has to say. */
  readonly says?: string;
}

const SILENCE = "did not answer within";

/** What a fault at the exchange has to end as, by the contract: its judging order and its rules of retries and time. */
const ROWS: readonly Row[] = [
  { fault: "stays silent", failure: "timeout", requests: ONE, seconds: 5, says: SILENCE },
  { fault: "drips its headers", failure: "timeout", requests: ONE, seconds: 5, says: SILENCE },
  { fault: "drips a chunked body", failure: "timeout", requests: ONE, seconds: 5, says: SILENCE },
  { fault: "drips a body of known length", failure: "timeout", requests: ONE, seconds: 5, says: SILENCE },
  { fault: "says 100 Continue for ever", failure: "timeout", requests: ONE, seconds: 5, says: SILENCE },

  { fault: "closes without an answer", failure: "unavailable", requests: MAY_HAVE_ARRIVED },
  { fault: "resets without an answer", failure: "unavailable", requests: MAY_HAVE_ARRIVED },
  { fault: "breaks off in its headers", failure: "unavailable", requests: MAY_HAVE_ARRIVED },
  { fault: "breaks off in a body of known length", failure: "unavailable", requests: MAY_HAVE_ARRIVED },
  { fault: "breaks off in a chunked body", failure: "unavailable", requests: MAY_HAVE_ARRIVED },
  { fault: "resets in a chunked body", failure: "unavailable", requests: MAY_HAVE_ARRIVED },

  { fault: "answers in another protocol", failure: "bad-response", requests: ONE, says: "is not HTTP" },
  { fault: "answers with random bytes", failure: "bad-response", requests: ONE },
  { fault: "sends a header with a line break", failure: "bad-response", requests: ONE },
  { fault: "sends 100 kB of headers", failure: "bad-response", requests: ONE },
  { fault: "tells two lengths", failure: "bad-response", requests: ONE },

  { fault: "announces 1 MiB and a byte", failure: "bad-response", requests: ONE, says: "larger than 1 MiB" },
  { fault: "sends 1 MiB and a byte unannounced", failure: "bad-response", requests: ONE, says: "larger than 1 MiB" },
  { fault: "sends without an end", failure: "bad-response", requests: ONE, says: "larger than 1 MiB" },

  { fault: "301 to another host", failure: "wrong-url", requests: BOTH_PLACES, says: "redirects to elsewhere.example" },
  { fault: "302 to another host", failure: "wrong-url", requests: BOTH_PLACES, says: "redirects to elsewhere.example" },
  { fault: "303 to another host", failure: "wrong-url", requests: BOTH_PLACES, says: "redirects to elsewhere.example" },
  { fault: "307 to another host", failure: "wrong-url", requests: BOTH_PLACES, says: "redirects to elsewhere.example" },
  { fault: "308 to another host", failure: "wrong-url", requests: BOTH_PLACES, says: "redirects to elsewhere.example" },
  { fault: "302 to a sub-path", failure: "wrong-url", requests: BOTH_PLACES, says: "/installed/here" },
  { fault: "302 to another scheme", failure: "wrong-url", requests: BOTH_PLACES, says: "url: https://127.0.0.1:" },
  { fault: "302 to a login page", failure: "wrong-url", requests: BOTH_PLACES, says: "/login" },
  { fault: "302 to itself", failure: "wrong-url", requests: BOTH_PLACES, says: "redirects to another place on itself" },
  { fault: "302 to a script", failure: "wrong-url", requests: BOTH_PLACES, says: "names no target" },
  { fault: "302 to nowhere", failure: "wrong-url", requests: BOTH_PLACES, says: "names no target" },
  { fault: "300 without a choice", failure: "wrong-url", requests: BOTH_PLACES, says: "names no target" },

  { fault: "408", failure: "timeout", requests: EVERY_RETRY, says: "attempt 3, the last" },
  { fault: "429", failure: "rate-limited", requests: EVERY_RETRY, says: "attempt 3, the last" },
  { fault: "500", failure: "unavailable", requests: MAY_HAVE_ARRIVED },
  { fault: "502", failure: "unavailable", requests: EVERY_RETRY },
  { fault: "503", failure: "unavailable", requests: EVERY_RETRY, says: "upstream connect error" },
  { fault: "504", failure: "unavailable", requests: EVERY_RETRY },
  { fault: "500 with a page", failure: "unavailable", requests: MAY_HAVE_ARRIVED },
  { fault: "503 with a page", failure: "unavailable", requests: EVERY_RETRY },
  { fault: "501", failure: "unavailable", requests: ONE },
  { fault: "507", failure: "unavailable", requests: ONE },
  { fault: "511 of a captive portal", failure: "unavailable", requests: ONE },
  { fault: "503 of a check for robots", failure: "unavailable", requests: EVERY_RETRY, says: "Just a moment…" },

  { fault: "429, Retry-After: 40", failure: "rate-limited", requests: ONE, says: "asks to wait 40 seconds" },
  { fault: "429, Retry-After: 40.5", failure: "rate-limited", requests: ONE, says: "asks to wait 41 seconds" },
  { fault: "429, Retry-After: a date", failure: "rate-limited", requests: ONE, says: "asks to wait" },
  { fault: "429, Retry-After: 99999999999999999999", failure: "rate-limited", requests: ONE, says: "asks to wait" },
  { fault: "503, Retry-After: 40", failure: "unavailable", requests: ONE, says: "asks to wait 40 seconds" },
  { fault: "503, Retry-After: 0.01", failure: "unavailable", requests: EVERY_RETRY },
  { fault: "503, Retry-After: soon", failure: "unavailable", requests: EVERY_RETRY },
  { fault: "503, Retry-After: -5", failure: "unavailable", requests: EVERY_RETRY },

  { fault: "400 without a body", failure: "bad-response", requests: ONE },
  { fault: "401 without a body", failure: "refused", but: { ReportPortal: "locked" }, requests: ONE },
  {
    fault: "401 without a body, with a reason",
    failure: "refused",
    but: { ReportPortal: "locked" },
    requests: ONE,
    says: "It answered: “The access token has expired”.",
  },
  { fault: "403 without a body", failure: "forbidden", requests: ONE },
  { fault: "404 without a body", failure: "wrong-url", requests: BOTH_PLACES },
  { fault: "405 without a body", failure: "wrong-url", requests: BOTH_PLACES },
  { fault: "406", failure: "bad-response", requests: ONE },
  { fault: "410 without a body", failure: "wrong-url", requests: BOTH_PLACES },
  { fault: "418 in plain text", failure: "bad-response", requests: ONE, says: "I'm a teapot" },
  {
    fault: "200 with a login page",
    failure: "wrong-url",
    requests: BOTH_PLACES,
    says: "titled: “Sign in”. By its title",
  },
  {
    fault: "200 of a firewall",
    failure: "wrong-url",
    requests: BOTH_PLACES,
    says: "titled: “Request Rejected”. By its",
  },
  { fault: "200 with a page typed as JSON", failure: "wrong-url", requests: BOTH_PLACES },
  { fault: "400 with a page", failure: "wrong-url", requests: BOTH_PLACES },
  { fault: "401 with a page", failure: "forbidden", requests: BOTH_PLACES },
  { fault: "403 with a page", failure: "forbidden", requests: BOTH_PLACES },
  { fault: "404 with a page", failure: "wrong-url", requests: BOTH_PLACES },
  { fault: "406 with a page", failure: "wrong-url", requests: BOTH_PLACES },

  { fault: "200 without a body", failure: "bad-response", requests: ONE },
  { fault: "204", failure: "bad-response", requests: ONE },
  { fault: "200 in plain text", failure: "bad-response", requests: ONE },
  { fault: "200 in binary", failure: "bad-response", requests: ONE },
  { fault: "200 with {}", failure: "bad-response", requests: ONE },
  { fault: "200 with []", failure: "bad-response", requests: ONE },
  { fault: "200 with null", failure: "bad-response", requests: ONE },
  { fault: "200 with a number", failure: "bad-response", requests: ONE },
  { fault: "200 with JSON that breaks off", failure: "bad-response", requests: ONE },
  { fault: "200 with 200,000 brackets", failure: "bad-response", requests: ONE },
  { fault: "200 with 200,000 brackets, left open", failure: "bad-response", requests: ONE },
  { fault: "400 with commands in its reason phrase", failure: "bad-response", requests: ONE },
];

describe("a fault at the exchange", () => {
  let longest: ReturnType<typeof play>;

  // This one takes its 15 seconds beside the table.
  beforeAll(() => {
    longest = play(WAYS.Tuleap, "exchange", faults["stays silent"], { retries: "0", timeout: "60" });
  });

  test("every fault has its row", () => {
    expect(ROWS.map(({ fault }) => fault).toSorted()).toEqual(Object.keys(faults).toSorted());
  });

  test("fails the step in time, with its code, one annotation and no more requests than allowed, at every service", async () => {
    const seen = await pooled(
      ROWS.flatMap((row) => ALL.map((service) => ({ row, service }))),
      async ({ row, service }) => {
        const { fault, seconds = 10 } = row;
        const { main, requests, live, secrets } = await play(WAYS[service], "exchange", faults[fault], {
          retries: "2",
          timeout: String(seconds),
        });
        return {
          row,
          service,
          requests,
          live,
          exitCode: main.exitCode,
          failure: main.outputs.failure,
          token: main.outputs.token,
          annotations: main.annotations.map(({ type }) => type),
          retryLines:
            main.log.match(
              /^(?:Asking for the token: a|A)ttempt \d+ failed \(.+\); the next one follows in [\d.]+ s\.$/gm,
            )?.length ?? 0,
          said: main.annotations[0]?.message ?? "",
          stderr: main.stderr,
          stateful: main.state.revocation,
          exported: Object.keys(main.env),
          leaks: leaks(main, secrets),
          inTime: endedWithin(main, seconds),
        };
      },
    );

    const wrong = seen.flatMap((one) => {
      const { row, service } = one;
      const wanted = {
        requests: row.requests[ALL.indexOf(service)],
        live: [],
        exitCode: 1,
        failure: row.but?.[service] ?? row.failure,
        token: undefined,
        annotations: ["error"],
        stderr: "",
        stateful: "none",
        exported: [],
        leaks: [],
        inTime: true,
      };
      const got = Object.fromEntries(Object.entries(wanted).map(([name]) => [name, one[name as keyof typeof one]]));
      const retries = row.requests[ALL.indexOf(service)] === 2 && row.requests === BOTH_PLACES ? 0 : one.requests - 1;
      const ok =
        JSON.stringify(got) === JSON.stringify(wanted) &&
        one.retryLines === retries &&
        one.said.includes(row.says ?? "") &&
        !/\n| at .*\.js:\d+/.test(one.said);
      return ok ? [] : [{ fault: row.fault, service, wanted, got, retryLines: one.retryLines, said: one.said }];
    });
    expect(wrong).toEqual([]);

    const lines = ROWS.map((row) => {
      const cells = seen.filter((one) => one.row === row);
      return [
        row.fault,
        together(cells.map(({ service, failure }) => [service, failure ?? ""])),
        together(cells.map(({ service, requests }) => [service, String(requests)])),
        `${row.seconds ?? 10} s`,
      ];
    });
    writeChapter("exchange", table(["What the service does", "`failure`", "Requests", "Ends within"], lines));
  });

  test("ends after an attempt of 15 seconds, however long the stage may be", async () => {
    const { main, requests } = await longest;
    expect(main.outputs.failure).toBe("timeout");
    expect(main.annotations[0]?.message).toContain("did not answer within 15 seconds");
    expect(requests).toBe(1);
    // That it was this limit and not the stage's minute is what the text tells.
    expect(main.milliseconds).toBeGreaterThan(5_000);
    expect(endedWithin(main, 15)).toBe(true);
  });
});
