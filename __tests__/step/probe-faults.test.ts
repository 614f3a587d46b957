import { expect, test } from "@jest/globals";
import { ALL, play, pooled, WAYS } from "../kit/fault-stages.ts";
import { faults } from "../kit/faults.ts";
import { table, together, writeChapter } from "../kit/reliability.ts";
import { endedWithin, leaks } from "../kit/support.ts";

type Service = (typeof ALL)[number];

/** `inconclusive` with a warning (a fault) or without one (a permission), or what the step fails with; then the requests. */
type Outcome = readonly [ends: string, requests: number];

interface Row {
  readonly fault: keyof typeof faults;
  readonly ends: Outcome;
  /** Where the contract has another word for this service. */
  readonly but?: Readonly<Partial<Record<Service, Outcome>>>;
  readonly seconds?: number;
}

const RETRIED: Outcome = ["inconclusive, with a warning", 2];
const AT_ONCE: Outcome = ["inconclusive, with a warning", 1];

/** What a fault at the probe comes to, by the contract. All is run with `retries: 2`, of which a probe takes one. */
const ROWS: readonly Row[] = [
  { fault: "stays silent", ends: AT_ONCE, seconds: 5 },
  { fault: "drips its headers", ends: AT_ONCE, seconds: 5 },
  { fault: "drips a chunked body", ends: AT_ONCE, seconds: 5 },
  { fault: "resets without an answer", ends: RETRIED },
  { fault: "breaks off in a body of known length", ends: RETRIED },
  { fault: "breaks off in a chunked body", ends: RETRIED },
  { fault: "answers in another protocol", ends: ["bad-response", 1] },
  { fault: "sends without an end", ends: ["bad-response", 1] },
  { fault: "301 to another host", ends: ["wrong-url", 1] },
  { fault: "302 to a login page", ends: ["wrong-url", 1] },
  { fault: "307 to another host", ends: ["wrong-url", 1] },
  { fault: "408", ends: RETRIED },
  { fault: "429", ends: RETRIED },
  { fault: "500", ends: RETRIED },
  { fault: "503 with a page", ends: RETRIED },
  { fault: "504", ends: RETRIED },
  { fault: "501", ends: AT_ONCE },
  { fault: "429, Retry-After: 40", ends: AT_ONCE },
  { fault: "503, Retry-After: 0.01", ends: RETRIED },
  { fault: "400 without a body", ends: ["bad-response", 1], but: { OAuth2: AT_ONCE } },
  { fault: "401 without a body", ends: ["refused", 1], but: { QA: AT_ONCE } },
  { fault: "401 without a body, with a reason", ends: ["refused", 1], but: { QA: AT_ONCE } },
  { fault: "401 with a page", ends: ["refused", 1], but: { QA: AT_ONCE } },
  {
    fault: "403 without a body",
    ends: ["forbidden", 1],
    but: { OAuth2: ["inconclusive", 1], ReportPortal: ["inconclusive", 3], QA: ["inconclusive", 1] },
  },
  {
    fault: "404 without a body",
    ends: ["wrong-url", 1],
    but: { OAuth2: AT_ONCE, ReportPortal: ["inconclusive, with a warning", 3] },
  },
  {
    fault: "403 with a page",
    ends: ["forbidden", 1],
    but: { OAuth2: AT_ONCE, ReportPortal: ["inconclusive", 3], QA: AT_ONCE },
  },
  { fault: "406", ends: AT_ONCE },
  { fault: "406 with a page", ends: AT_ONCE },
  { fault: "503 of a check for robots", ends: RETRIED },
  { fault: "200 of a firewall", ends: ["wrong-url", 1], but: { OAuth2: AT_ONCE, QA: AT_ONCE } },
  { fault: "200 with a login page", ends: ["wrong-url", 1], but: { OAuth2: AT_ONCE, QA: AT_ONCE } },
  {
    fault: "200 with a number",
    ends: ["bad-response", 1],
    but: { OAuth2: ["accepted", 1], ReportPortal: ["inconclusive, with a warning", 3] },
  },
  {
    fault: "200 with JSON that breaks off",
    ends: ["bad-response", 1],
    but: { OAuth2: ["accepted", 1], ReportPortal: ["inconclusive, with a warning", 3] },
  },
];

test("a fault at the probe is inconclusive or fails the step, as the contract says for each service", async () => {
  const seen = await pooled(
    ROWS.flatMap((row) => ALL.map((service) => ({ row, service }))),
    async ({ row, service }) => {
      const seconds = row.seconds ?? 10;
      const inputs = { retries: "2", timeout: String(seconds) };
      const { main, requests, secrets } = await play(WAYS[service], "probe", faults[row.fault], inputs);
      const { probe = "", failure = "", token = "" } = main.outputs;
      const types = main.annotations.map(({ type }) => type).join();
      const passed = `${probe}${types === "warning" ? ", with a warning" : ""}`;
      return {
        row,
        service,
        ends: failure === "" ? passed : failure,
        requests,
        // A step that fails hands nothing over; one that passes hands over and says nothing loud but the warning.
        whole:
          failure === ""
            ? main.exitCode === 0 && token !== "" && (types === "warning" || types === "")
            : main.exitCode === 1 && token === "" && types === "error" && Object.keys(main.env).length === 0,
        leaks: leaks(main, secrets),
        stderr: main.stderr,
        // The exchange before it has a time of its own.
        inTime: endedWithin(main, 2 * seconds),
      };
    },
  );

  const wrong = seen.filter(({ row, service, ends, requests, whole, leaks, stderr, inTime }) => {
    const wanted = row.but?.[service] ?? row.ends;
    return !(ends === wanted[0] && requests === wanted[1] && whole && leaks.length === 0 && stderr === "" && inTime);
  });
  expect(wrong).toEqual([]);

  const lines = ROWS.map((row) => {
    const cells = seen.filter((one) => one.row === row);
    return [
      row.fault,
      together(cells.map(({ service, ends }) => [service, ends])),
      together(cells.map(({ service, requests }) => [service, String(requests)])),
      `${row.seconds ?? 10} s`,
    ];
  });
  writeChapter("probe", table(["What the service does", "The probe", "Requests", "Ends within"], lines));
});

test("a strict probe fails the step with the fault's own code", async () => {
  const wanted = [
    ["stays silent", "timeout"],
    ["503", "unavailable"],
    ["429", "rate-limited"],
    ["resets without an answer", "unavailable"],
  ] as const;
  const seen = await pooled(
    wanted.flatMap(([fault]) => ALL.map((service) => ({ fault, service }))),
    async ({ fault, service }) => {
      const inputs = { retries: "0", timeout: "5", probe: "strict" };
      const { main } = await play(WAYS[service], "probe", faults[fault], inputs);
      return [fault, main.exitCode, main.outputs.failure, main.outputs.probe, main.outputs.token];
    },
  );
  expect(seen).toEqual(
    wanted.flatMap(([fault, failure]) => ALL.map(() => [fault, 1, failure, "inconclusive", undefined])),
  );
});
