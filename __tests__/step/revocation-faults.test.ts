import { expect, test } from "@jest/globals";
import { play, pooled, WAYS } from "../kit/fault-stages.ts";
import { faults } from "../kit/faults.ts";
import { table, together, writeChapter } from "../kit/reliability.ts";
import { endedWithin, leaks } from "../kit/support.ts";

/** Every way to mint something that the service can take back. */
const REVOCABLE = ["ReportPortal key", "Virtuozzo", "Tuleap", "Tuleap key", "QA", "OAuth2"] as const;
type Revocable = (typeof REVOCABLE)[number];

type Outcome = readonly [ends: "one warning" | "a plain line", requests: number];

const ONCE: Outcome = ["one warning", 1];
const RETRIED: Outcome = ["one warning", 3];
const GONE: Outcome = ["a plain line", 1];

interface Row {
  readonly fault: keyof typeof faults;
  readonly ends: Outcome;
  readonly but?: Readonly<Partial<Record<Revocable, Outcome>>>;
  /** What post has to say. */
  readonly says?: string;
}

const SILENCE = "did not answer within";

/** What a fault at the revocation comes to, by the contract. All is run with `retries: 2`. */
const ROWS: readonly Row[] = [
  { fault: "stays silent", ends: ONCE, says: SILENCE },
  { fault: "drips its headers", ends: ONCE, says: SILENCE },
  { fault: "drips a body of known length", ends: ONCE, says: SILENCE },
  { fault: "resets without an answer", ends: RETRIED },
  { fault: "breaks off in a chunked body", ends: RETRIED },
  { fault: "answers in another protocol", ends: ONCE },
  { fault: "sends without an end", ends: ONCE },
  { fault: "302 to another host", ends: ONCE },
  { fault: "308 to another host", ends: ONCE },
  { fault: "429", ends: RETRIED },
  { fault: "500", ends: RETRIED },
  { fault: "503 with a page", ends: RETRIED },
  { fault: "501", ends: ONCE },
  { fault: "429, Retry-After: 40", ends: ONCE },
  { fault: "400 without a body", ends: ONCE },
  { fault: "401 without a body", ends: GONE, but: { Virtuozzo: ONCE, QA: ONCE, OAuth2: ONCE } },
  { fault: "401 with a page", ends: ONCE },
  { fault: "403 without a body", ends: ONCE },
  { fault: "404 without a body", ends: ONCE, but: { "ReportPortal key": GONE } },
  { fault: "406", ends: ONCE },
  { fault: "200 with a login page", ends: ONCE },
  { fault: "200 of a firewall", ends: ONCE },
];

/** `timeout` of the step. Main has to mint within it too, on a machine however busy. */
const SECONDS = 10;

test("a fault at the revocation never fails the job and warns once at most", async () => {
  const seen = await pooled(
    ROWS.flatMap((row) => REVOCABLE.map((way) => ({ row, way }))),
    async ({ row, way }) => {
      const inputs = { retries: "2", timeout: String(SECONDS), probe: "false" };
      const { post, requests, secrets, live } = await play(WAYS[way], "revocation", faults[row.fault], inputs);
      const types = post?.annotations.map(({ type }) => type).join();
      return {
        row,
        way,
        ends: types === "warning" ? "one warning" : types === "" ? "a plain line" : types,
        requests,
        exitCode: post?.exitCode,
        outcome: post?.outcome,
        says:
          /It stays valid .+ Remove it by hand: .+\.|was already gone at /.test(post?.log ?? "") &&
          post?.log.includes(row.says ?? "") === true,
        // Whatever post says, the fault kept the service from doing anything.
        live: live.length,
        leaks: post === undefined ? [] : leaks(post, secrets),
        stderr: post?.stderr,
        inTime: post !== undefined && endedWithin(post, SECONDS),
      };
    },
  );

  const wrong = seen.filter(({ row, way, ends, requests, exitCode, outcome, says, live, leaks, stderr, inTime }) => {
    const wanted = row.but?.[way] ?? row.ends;
    return !(
      ends === wanted[0] &&
      requests === wanted[1] &&
      exitCode === 0 &&
      outcome === "success" &&
      says &&
      live === 1 &&
      leaks.length === 0 &&
      stderr === "" &&
      inTime
    );
  });
  expect(wrong).toEqual([]);

  const lines = ROWS.map((row) => {
    const cells = seen.filter((one) => one.row === row);
    return [
      row.fault,
      together(cells.map(({ way, ends }) => [way, ends ?? ""])),
      together(cells.map(({ way, requests }) => [way, String(requests)])),
      `${SECONDS} s`,
    ];
  });
  writeChapter("revocation", table(["What the service does", "Post ends with", "Requests", "Ends within"], lines));
});
