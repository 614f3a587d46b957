import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { LineReader } from "./dotnet.ts";

/** How long the runner waits after SIGINT and after SIGTERM before it goes one further. */
const AFTER_SIGINT = 7_500;
const AFTER_SIGTERM = 2_500;
/** How long the runner waits for output after the process has ended: a child of it can hold the pipe open. */
const AFTER_EXIT = 5_000;

export interface ProcessOptions {
  /** The script that Node runs. */
  readonly script: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds after which the process is cancelled. */
  readonly cancelAfter?: number | undefined;
  /** The process is cancelled as soon as this comes true. */
  readonly cancelWhen?: Promise<unknown> | undefined;
  /** Milliseconds after which the process is cancelled as one that took too long. */
  readonly timeLimit: number;
  /** Called with every line of stdout and stderr as it comes. */
  readonly onLine: (line: string) => void;
}

export interface ProcessResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly milliseconds: number;
  readonly raw: string;
  readonly stderr: string;
  /** Why the process was stopped before it had ended by itself. */
  readonly stopped?: "cancelled" | "timed out";
}

/** Runs a script with this very Node, with no environment but the given one, and stops it as the runner stops a step. */
export function runProcess(options: ProcessOptions): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(process.execPath, [options.script], {
      cwd: options.folder,
      env: { ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { raw: "", stderr: "" };
    let stopped: ProcessResult["stopped"];
    let milliseconds = 0;
    const timers: NodeJS.Timeout[] = [];
    const after = (delay: number, act: () => void): void => {
      timers.push(setTimeout(act, delay));
    };

    const stop = (reason: NonNullable<ProcessResult["stopped"]>): void => {
      if (stopped || child.exitCode !== null || child.signalCode !== null) return;
      stopped = reason;
      child.kill("SIGINT");
      after(AFTER_SIGINT, () => child.kill("SIGTERM"));
      after(AFTER_SIGINT + AFTER_SIGTERM, () => child.kill("SIGKILL"));
    };
    if (options.cancelAfter !== undefined) after(options.cancelAfter, () => stop("cancelled"));
    options.cancelWhen?.then(() => stop("cancelled"), reject);
    after(options.timeLimit, () => stop("timed out"));

    const closeStdout = readStream(child.stdout, options.onLine, (text) => {
      output.raw += text;
    });
    const closeStderr = readStream(child.stderr, options.onLine, (text) => {
      output.raw += text;
      output.stderr += text;
    });
    child.on("error", (error) => {
      for (const timer of timers) clearTimeout(timer);
      reject(error);
    });
    child.on("exit", () => {
      milliseconds = Math.round(performance.now() - start);
      after(AFTER_EXIT, () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
    });
    child.on("close", (exitCode, signal) => {
      for (const timer of timers) clearTimeout(timer);
      closeStdout();
      closeStderr();
      resolve({ exitCode, signal, milliseconds, ...output, ...(stopped && { stopped }) });
    });
  });
}

/** Reads a stream as text, whole and by line; the returned function gives what is left when the stream has ended. */
function readStream(
  stream: NodeJS.ReadableStream,
  onLine: (line: string) => void,
  onText: (text: string) => void,
): () => void {
  const decoder = new StringDecoder("utf8");
  const lines = new LineReader();
  const take = (text: string): void => {
    onText(text);
    for (const line of lines.push(text)) onLine(line);
  };
  stream.on("data", (chunk: Buffer) => take(decoder.write(chunk)));
  return () => {
    take(decoder.end());
    for (const line of lines.end()) onLine(line);
  };
}
