import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readPairs } from "../../sandbox/runner/files.ts";
import type { StageResult } from "../../sandbox/runner/runner.ts";
import { services } from "../../sandbox/services/index.ts";
import type { Fault } from "../../sandbox/services/service.ts";
import { Failure } from "../../src/failure.ts";
import { environmentName } from "../../src/input/settings.ts";
import { error, info, notice, warning } from "../../src/runner/log.ts";
import { clean } from "../../src/runner/masks.ts";
import { exportToJob, output } from "../../src/runner/outputs.ts";
import { readForPost, saveForPost } from "../../src/runner/state.ts";
import { play, pooled, SERVICES, WAYS } from "../kit/fault-stages.ts";
import { bytes, json, tokenAnswers } from "../kit/faults.ts";
import { commandsIn, printed } from "../kit/printed.ts";
import { table, writeChapter } from "../kit/reliability.ts";
import { bodies, bodyOf, FORMS, hidden, MASKING_RUNS, oneLine } from "../kit/repeated.ts";
import { runMain, shown } from "../kit/support.ts";

/** A fixed seed, so that a run is the same everywhere; every run of the property is another case. */
const SEED = 20_261_123;
const RUNS = { masking: MASKING_RUNS, commands: 3_000, files: 1_000, processes: 60 };

// Commands

const SEPARATORS = [
  "\n",
  "\r",
  "\r\n",
  "\u0085",
  "\u2028",
  "\u2029",
  "\v",
  "\f",
  "\u001c",
  "\0",
  "\u200b",
  "\u202e",
  "\ufeff",
  " ",
  "",
];
const NAMES = [
  "set-output name=token",
  "add-mask",
  "stop-commands",
  "error",
  "group",
  "set-env name=PATH",
  "save-state name=revocation",
  "debug",
  "endgroup",
  "add-path",
  "echo",
];

/** Whatever a service could say that the runner would take for a command, if it stood alone. */
const hostileTexts = fc
  .array(
    fc.oneof(
      fc.constantFrom(...SEPARATORS),
      fc.constantFrom(...NAMES).map((name) => `::${name}::forged`),
      fc.constantFrom(...NAMES).map((name) => `##[${name}]forged`),
      fc.constantFrom("::", "##[", "##", "#", "[", "]", ":", "***", "%0A", "%0D", "%25", "\\n", "&#10;"),
      fc.string({ maxLength: 20, unit: "grapheme" }),
      fc.string({ maxLength: 20, unit: "binary" }),
    ),
    { minLength: 1, maxLength: 25 },
  )
  .map((parts) => parts.join(""));

describe("a text from outside", () => {
  test("starts no command but the one that the action means, and takes one line", () => {
    fc.assert(
      fc.property(hostileTexts, (text) => {
        const failure = new Failure("refused", `It says ${text}`, { hint: text, answered: text, answeredBy: text });
        expect(commandsIn(printed(() => error(failure)))).toEqual(["error"]);
        expect(commandsIn(printed(() => warning(text, "Title")))).toEqual(["warning"]);
        expect(commandsIn(printed(() => notice(text, "Title")))).toEqual(["notice"]);
        const plain = printed(() => info(text));
        expect(commandsIn(plain)).toEqual([]);
        expect(plain).toMatch(/^[^\r\n]*\n$/);
      }),
      { numRuns: RUNS.commands, seed: SEED },
    );
  });

  test("is one line of 200 characters at most, with no control, format or bidirectional character", () => {
    fc.assert(
      fc.property(fc.oneof(hostileTexts, fc.string({ maxLength: 400, unit: "binary" })), (text) => {
        const safe = clean(text);
        expect(safe.length).toBeLessThanOrEqual(200);
        expect(safe).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(safe).not.toMatch(/##\[|^\s*::/);
      }),
      { numRuns: RUNS.commands, seed: SEED },
    );
  });
});

// Command files

describe("the command files", () => {
  let folder = "";
  const before = { ...process.env };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "files-"));
    for (const name of ["OUTPUT", "ENV", "STATE"]) process.env[`GITHUB_${name}`] = join(folder, name);
  });
  afterAll(() => {
    process.env = before;
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a file holds after the function has run. */
  function written(file: "OUTPUT" | "ENV" | "STATE", work: () => void): [string, string][] {
    const path = join(folder, file);
    writeFileSync(path, "");
    work();
    return [...readPairs(readFileSync(path, "utf8"))];
  }

  const values = fc.oneof(
    fc.string({ maxLength: 200, unit: "binary" }),
    hostileTexts,
    fc
      .array(fc.constantFrom("\n", "\r", "\r\n", "ghadelimiter_", "<<", "=", "EOF", "a=b", "TOKEN<<EOF", "x", ""), {
        maxLength: 20,
      })
      .map((parts) => parts.join("")),
  );

  test("give back exactly the outputs that were set", () => {
    const names = fc.constantFrom("token", "account", "headers", "failure");
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { minLength: 1, maxLength: 5 }), (pairs) => {
        const seen = written("OUTPUT", () => {
          for (const [name, value] of pairs) output({ [name]: value });
        });
        expect(seen).toEqual(pairs);
      }),
      { numRuns: RUNS.files, seed: SEED },
    );
  });

  test("give back exactly the variables that were exported, under any name that is allowed", () => {
    const names = fc.oneof(
      fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,30}$/),
      fc.string({ minLength: 1, maxLength: 20, unit: "grapheme-ascii" }),
      fc
        .tuple(fc.stringMatching(/^[A-Z]{1,5}$/), fc.constantFrom("\n", "=", "<<EOF", "\r\n", " ", "-"))
        .map((parts) => parts.join("")),
      fc.constantFrom(
        "PATH",
        "Path",
        "NODE_OPTIONS",
        "LD_PRELOAD",
        "git_dir",
        "GITHUB_TOKEN",
        "https_proxy",
        "TULEAP_USER_ID",
      ),
    );
    let allowed = 0;
    fc.assert(
      fc.property(names, values, (name, value) => {
        let safe: string;
        try {
          safe = environmentName(name);
        } catch (failure) {
          expect(failure).toMatchObject({ code: "invalid-input" });
          return;
        }
        allowed++;
        const seen = written("ENV", () => exportToJob(safe, value));
        delete process.env[safe];
        expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
        expect(seen).toEqual([[name, value]]);
      }),
      { numRuns: RUNS.files, seed: SEED },
    );
    expect(allowed).toBeGreaterThan(RUNS.files / 10);
  });

  test("give post exactly what main left", () => {
    // What cannot be sent in a request is no handle.
    const parts = fc.string({ minLength: 1, unit: "grapheme-ascii" });
    fc.assert(
      fc.property(parts, parts, (secret, place) => {
        const left = {
          kind: "revocable" as const,
          provider: "tuleap",
          url: "https://tuleap.example",
          handle: { secret, place },
          timeout: 60,
          retries: 4,
          caCertificate: "",
          allowHttp: false,
        };
        const seen = written("STATE", () => saveForPost(left));
        expect(seen).toHaveLength(1);
        const [[name, value] = ["", ""]] = seen;
        process.env[`STATE_${name}`] = value;
        expect(readForPost()).toEqual(left);
        delete process.env[`STATE_${name}`];
      }),
      { numRuns: RUNS.files, seed: SEED },
    );
  });
});

// The same through whole processes

function sampled<Value>(values: fc.Arbitrary<Value>, count: number): Value[] {
  return fc.sample(values, { numRuns: count, seed: SEED });
}

const TAGS = /<(?!\/?(?:h3|table|tr|th|td|code)(?: align="left")?>)/;

/** What is wrong with what a stage printed and wrote, if anything is. */
function meant({ raw, commands, outputs, summary, stderr }: StageResult): string[] {
  const names = commands.map(({ name }) => name);
  return [
    ...commandsIn(raw).filter((name) => name !== "add-mask" && name !== "error" && name !== "warning"),
    ...(names.filter((name) => name === "error").length > 1 ? ["two errors"] : []),
    ...Object.keys(outputs).filter((name) => !OUTPUTS.includes(name)),
    ...(TAGS.test(summary) ? [`markup: ${summary}`] : []),
    ...(stderr === "" ? [] : [stderr]),
  ];
}

const OUTPUTS = [
  ...["token", "authorization", "headers", "expires-at", "expires-in", "account", "user-id", "probe"],
  ...["provider", "method", "url", "env-name", "sealed", "failure"],
];

describe("a whole step", () => {
  test("shows nothing of a secret, however the service repeats it", async () => {
    const samples = sampled(bodies, RUNS.processes);
    const statuses = [400, 401, 403, 404, 422, 429, 500, 503];
    const cases = samples.map(([secret, parts, end], index) => {
      // A secret is trimmed, except a password, which loses one final line break.
      const status = statuses[index % statuses.length] ?? 400;
      return {
        secret,
        status,
        body: bodyOf(secret, parts, end),
        plain: parts.map(([before]) => before).join("") + end,
      };
    });
    const seen = await pooled(cases, async ({ secret, status, body, plain }) => {
      const tuleap = await services.tuleap({});
      try {
        const said = status % 2 === 0 ? body : JSON.stringify({ error: { code: status, message: body } });
        tuleap.fault(json(status, said, "text/plain"));
        const main = await runMain(
          {
            provider: "tuleap",
            method: "token",
            url: tuleap.url,
            username: "ci",
            password: secret,
            retries: "0",
            summary: "true",
          },
          { secrets: [] },
        );
        const text = oneLine(shown(main));
        const wrong = hidden(secret).filter(
          (form) => text.includes(form) && !oneLine(plain).includes(form) && form.length > 7,
        );
        return { wrong, meant: meant(main), exitCode: main.exitCode };
      } finally {
        await tuleap.close();
      }
    });
    expect(seen.filter(({ wrong, meant, exitCode }) => wrong.length > 0 || meant.length > 0 || exitCode !== 1)).toEqual(
      [],
    );
  });

  test("takes no command from what any service says, in bodies, reasons, headers and names", async () => {
    const texts = sampled(hostileTexts, RUNS.processes);
    const seen = await pooled([...texts.entries()], async ([index, text]) => {
      const service = SERVICES[index % SERVICES.length] ?? "Tuleap";
      const stage = index % 3 === 2 ? "probe" : "exchange";
      const { main } = await play(WAYS[service], stage, hostile(index, text), {
        timeout: "5",
        retries: "1",
        summary: "true",
      });
      return { service, stage, text, wrong: meant(main), state: Object.keys(main.state) };
    });
    expect(seen.filter(({ wrong, state }) => wrong.length > 0 || state.join() !== "revocation")).toEqual([]);
  });

  test("hands over any token of printable ASCII exactly, and masks it first", async () => {
    const tokens = sampled(fc.stringMatching(/^[!-~][ -~]{6,300}[!-~]$/), RUNS.processes / 2);
    const seen = await pooled([...tokens.entries()], async ([index, token]) => {
      const service = (["ReportPortal", "Virtuozzo", "Tuleap", "QA"] as const)[index % 4] ?? "QA";
      const fault = json(200, tokenAnswers[WAYS[service].provider]?.(token) ?? "");
      const { main } = await play(WAYS[service], "exchange", fault, { probe: "false" });
      const names = Object.keys(main.env).filter((name) => name !== "TULEAP_USER_ID");
      return {
        token,
        right: main.outputs.token === token && names.length === 1 && main.env[names[0] ?? ""] === token,
        masked: main.masks.includes(token) && !shown(main).includes(token),
        meant: meant(main),
      };
    });
    expect(seen.filter(({ right, masked, meant }) => !right || !masked || meant.length > 0)).toEqual([]);
  });
});

/** The text in one of the places where a service can put it. */
function hostile(index: number, text: string): Fault {
  const header = encodeURI(text.toWellFormed()).slice(0, 2_000);
  switch (index % 6) {
    case 0:
      return json(400, JSON.stringify({ error: text, error_description: text }));
    case 1:
      return json(401, JSON.stringify({ error: { code: 401, message: text }, errorCode: 4003, message: text }));
    case 2:
      return json(200, JSON.stringify({ result: 701, error: text, userId: text, errors: [{ message: text }] }));
    case 3:
      return (_request, _req, res) => {
        res.writeHead(302, { location: `https://elsewhere.example/${header}`, "retry-after": header });
        res.end(text);
        return true;
      };
    case 4:
      // Whatever the bytes are, also such as break a header.
      return bytes(
        `HTTP/1.1 400 ${text}\r\nwww-authenticate: ${text}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
      );
    default:
      return json(403, text, "text/plain");
  }
}

afterAll(() => {
  writeChapter(
    "properties",
    table(
      ["For any", "It holds that", "Cases"],
      [
        [
          "secret of 4 to 300 characters, and any body around its encoded forms",
          `none of its ${Object.keys(FORMS).length} forms is in the text that is shown`,
          String(RUNS.masking),
        ],
        [
          "such secret and body, through a whole process",
          "none is in log, summary or annotations",
          String(RUNS.processes),
        ],
        [
          "text from outside",
          "the runner finds no command in what is printed but the one that is meant",
          String(RUNS.commands),
        ],
        [
          "text from outside",
          "it is one line of 200 characters without control, format or bidirectional characters",
          String(RUNS.commands),
        ],
        [
          "such text in a body, reason phrase, header or name, through a whole process",
          "no command, output, state or markup is added",
          String(RUNS.processes),
        ],
        ["name and value", "outputs, variables and state parse back to exactly what was set", `3 × ${RUNS.files}`],
        [
          "token of printable ASCII, through a whole process",
          "it is masked, and handed over exactly",
          String(RUNS.processes / 2),
        ],
      ],
    ),
  );
});
