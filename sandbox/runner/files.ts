import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readLines } from "./dotnet.ts";
import type { StageLog } from "./log.ts";
import type { Masker } from "./masker.ts";

const LARGEST_SUMMARY = 1024 * 1024;
const REFUSED_VARIABLE = "NODE_OPTIONS";

/** Paths of the files through which a stage talks to the runner. */
export interface CommandFiles {
  readonly path: string;
  readonly env: string;
  readonly step_summary: string;
  readonly state: string;
  readonly output: string;
}

/** One write to a command file; one to the file for PATH has no name. */
export interface FileWrite {
  readonly file: "output" | "env" | "state" | "path";
  readonly name: string;
  readonly value: string;
}

/** What the files held when the stage had ended. Outputs and state go to the log, which may hold some already. */
export interface FileResults {
  readonly writes: FileWrite[];
  readonly env: Map<string, string>;
  readonly path: string[];
  summary: string;
}

/** Makes the empty command files of one stage, as the runner names them. */
export function createCommandFiles(temp: string): CommandFiles {
  const folder = join(temp, "_runner_file_commands");
  const suffix = randomUUID();
  mkdirSync(folder, { recursive: true });
  const create = (prefix: string): string => {
    const file = join(folder, `${prefix}_${suffix}`);
    writeFileSync(file, "");
    return file;
  };
  return {
    path: create("add_path"),
    env: create("set_env"),
    step_summary: create("step_summary"),
    state: create("save_state"),
    output: create("set_output"),
  };
}

/** The variables that tell a process where its command files are. */
export function commandFileVariables(files: CommandFiles): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [`GITHUB_${name.toUpperCase()}`, file]));
}

/** Reads all command files after the process has ended; a file that is malformed fails the step. */
export function processCommandFiles(files: CommandFiles, log: StageLog, masker: Masker): FileResults {
  const results: FileResults = { writes: [], env: new Map(), path: [], summary: "" };
  const readers: readonly [name: keyof CommandFiles, read: (text: string) => void][] = [
    ["path", (text) => readPath(text, results)],
    ["env", (text) => readEnv(text, results, log)],
    ["step_summary", (text) => readSummary(text, results, log, masker)],
    ["state", (text) => readState(text, results, log)],
    ["output", (text) => readOutputs(text, results, log)],
  ];
  for (const [name, read] of readers) {
    if (!existsSync(files[name])) continue;
    try {
      read(readFileSync(files[name], "utf8").replace(/^\ufeff/, ""));
    } catch (error) {
      log.fail(`Unable to process file command '${name}' successfully.`, error);
    }
  }
  return results;
}

function readPath(text: string, results: FileResults): void {
  for (const line of readLines(text)) {
    if (line === "") continue;
    results.writes.push({ file: "path", name: "", value: line });
    results.path.push(line);
  }
}

function readEnv(text: string, results: FileResults, log: StageLog): void {
  for (const [name, value] of readPairs(text)) {
    results.writes.push({ file: "env", name, value });
    if (name.toUpperCase() === REFUSED_VARIABLE) {
      log.issue("error", `Can't store ${REFUSED_VARIABLE} output parameter using '$GITHUB_ENV' command.`);
    } else {
      results.env.set(name, value);
      log.debug(`${name}='${value}'`);
    }
  }
}

function readState(text: string, results: FileResults, log: StageLog): void {
  for (const [name, value] of readPairs(text)) {
    results.writes.push({ file: "state", name, value });
    log.state.set(name, value);
    log.debug(`Save intra-action state ${name} = ${value}`);
  }
}

function readOutputs(text: string, results: FileResults, log: StageLog): void {
  for (const [name, value] of readPairs(text)) {
    results.writes.push({ file: "output", name, value });
    if (name === "") throw new Error("Value cannot be null. (Parameter 'name')");
    log.outputs.set(name, value);
    log.debug(`Set output ${name} = ${value}`);
  }
}

function readSummary(text: string, results: FileResults, log: StageLog, masker: Masker): void {
  const size = Buffer.byteLength(text);
  if (size > LARGEST_SUMMARY) {
    const [limit, actual] = [LARGEST_SUMMARY, size].map((bytes) => Math.floor(bytes / 1024));
    log.issue(
      "error",
      `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of ${limit}k, got ${actual}k. For more ` +
        "information see: https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions" +
        "#adding-a-markdown-summary",
    );
    return;
  }
  results.summary = readLines(text)
    .map((line) => `${masker.mask(line)}\n`)
    .join("");
}

/** Reads `NAME=VALUE` and `NAME<<DELIMITER` … `DELIMITER`; what comes first on a line decides which of them it is. */
export function* readPairs(text: string): Generator<[name: string, value: string]> {
  const cursor = { text, index: 0 };
  for (let line = nextLine(cursor); line; line = nextLine(cursor)) {
    if (line.text === "") continue;
    const equals = line.text.indexOf("=");
    const heredoc = line.text.indexOf("<<");
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      yield [line.text.slice(0, equals), line.text.slice(equals + 1)];
    } else if (heredoc >= 0) {
      const name = line.text.slice(0, heredoc);
      const delimiter = line.text.slice(heredoc + 2);
      if (name === "" || delimiter === "") {
        throw new Error(`Invalid format '${line.text}'. Name must not be empty and delimiter must not be empty`);
      }
      yield [name, readHeredoc(cursor, delimiter)];
    } else {
      throw new Error(`Invalid format '${line.text}'`);
    }
  }
}

interface Cursor {
  readonly text: string;
  index: number;
}

/** All up to the line that is the delimiter, without the line break before it. */
function readHeredoc(cursor: Cursor, delimiter: string): string {
  const start = cursor.index;
  let end = start;
  for (let line = nextLine(cursor); line?.text !== delimiter; line = nextLine(cursor)) {
    if (!line) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`);
    if (!line.ended) throw new Error("Invalid value. EOF marker missing new line.");
    end = cursor.index - 1;
  }
  return cursor.text.slice(start, end);
}

/** The next line and whether a line feed ended it. On Linux the runner lets a CR be part of the line. */
function nextLine(cursor: Cursor): { readonly text: string; readonly ended: boolean } | undefined {
  if (cursor.index >= cursor.text.length) return undefined;
  const feed = cursor.text.indexOf("\n", cursor.index);
  const ended = feed >= 0;
  const text = cursor.text.slice(cursor.index, ended ? feed : undefined);
  cursor.index = ended ? feed + 1 : cursor.text.length;
  return { text, ended };
}
