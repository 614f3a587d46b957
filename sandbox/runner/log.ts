import { type Command, parseCommand } from "./commands.ts";
import { IgnoringCase, isBlank, trim } from "./dotnet.ts";
import type { Masker } from "./masker.ts";

const ANNOTATIONS_PER_TYPE = 10;
const LONGEST_MESSAGE = 4096;
const SHORTEST_MASKED_STOP_TOKEN = 7;

// The runner's own words.
const DEPRECATED =
  "The `{0}` command is deprecated and will be disabled soon. Please upgrade to using Environment Files. For more " +
  "information see: https://github.blog/changelog/2022-10-11-github-actions-deprecating-save-state-and-set-output-commands/";
const DISABLED =
  "The `{0}` command is disabled. Please upgrade to using Environment Files or opt into unsecure command execution by " +
  "setting the `ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to `true`. For more information see: " +
  "https://github.blog/changelog/2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/";
const BAD_STOP_TOKEN =
  "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command. For more " +
  "information see: https://docs.github.com/actions/learn-github-actions/workflow-commands-for-github-actions" +
  "#example-stopping-and-starting-workflow-commands or opt into insecure command execution by setting the " +
  "`ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` environment variable to `true`.";

/** What a person finds at the top of a run's page. */
export interface Annotation {
  readonly type: "error" | "warning" | "notice";
  readonly title: string;
  readonly message: string;
}

/** How each command acts; `quiet` ones are not shown where `::echo::on` asks for commands to be shown. */
interface Handler {
  readonly quiet?: boolean;
  readonly run: (log: StageLog, command: Command) => void;
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  "add-mask": { quiet: true, run: (log, { data }) => log.addMask(data) },
  error: { quiet: true, run: (log, command) => log.issue("error", command.data, command.properties.get("title")) },
  warning: { quiet: true, run: (log, command) => log.issue("warning", command.data, command.properties.get("title")) },
  notice: { quiet: true, run: (log, command) => log.issue("notice", command.data, command.properties.get("title")) },
  debug: { quiet: true, run: (log, { data }) => log.debug(data) },
  group: { run: (log, { data }) => log.write(`##[group]${data}`) },
  endgroup: { run: (log) => log.write("##[endgroup]") },
  echo: { run: (log, { data }) => log.setEcho(data) },
  "set-output": { run: (log, command) => log.outputs.set(log.deprecatedName(command), command.data) },
  "save-state": { run: (log, command) => log.state.set(log.deprecatedName(command), command.data) },
  "set-env": { run: refuseDisabled },
  "add-path": { run: refuseDisabled },
  // Problem matchers are obeyed and have no effect here.
  "add-matcher": { run: () => {} },
  "remove-matcher": { run: () => {} },
};

function refuseDisabled(_log: StageLog, { name }: Command): void {
  throw new Error(DISABLED.replace("{0}", name.toLowerCase()));
}

/** The log of one stage: takes the lines that its process prints, obeys the commands in them and shows the rest. */
export class StageLog {
  readonly annotations: Annotation[] = [];
  /** Every value that was given to mask, as it was given. */
  readonly masks: string[] = [];
  /** Every command that was obeyed. */
  readonly commands: Command[] = [];
  readonly outputs = new IgnoringCase();
  readonly state = new IgnoringCase();
  /** Whether something went wrong that fails the step, whatever its exit code. */
  failed = false;

  readonly #masker: Masker;
  readonly #showDebug: boolean;
  readonly #lines: string[] = [];
  #echo = false;
  #stopToken: string | undefined;

  constructor(masker: Masker, showDebug: boolean) {
    this.#masker = masker;
    this.#showDebug = showDebug;
  }

  /** What a reader of the log sees so far. */
  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }

  /** Takes one line that the process printed. */
  receive(line: string): void {
    const command = parseCommand(line, (name) => this.#isKnown(name));
    if (command && this.#obey(command, line)) return;
    // The runner keeps these two markers for itself.
    this.write(line.replaceAll("##[start-action", "##[\\start-action").replaceAll("##[end-action", "##[\\end-action"));
  }

  /** Shows a text, masked. */
  write(text: string): void {
    this.#lines.push(this.#masker.mask(text));
  }

  /** Shows a text of several lines where debug logging is on. */
  debug(text: string): void {
    if (!this.#showDebug) return;
    for (const line of text.split(/\r?\n/)) this.write(`##[debug]${line}`);
  }

  /** Records an annotation and shows its message. The title is not masked, as it is not by the runner. */
  issue(type: Annotation["type"], text: string, title = ""): void {
    const message = this.#masker.mask(text).slice(0, LONGEST_MESSAGE);
    const sameType = this.annotations.filter((annotation) => annotation.type === type);
    if (!isBlank(message) && sameType.length < ANNOTATIONS_PER_TYPE) this.annotations.push({ type, title, message });
    if (message !== "") this.write(`##[${type}]${message}`);
  }

  /** Fails the step for two reasons: what could not be done, and why. */
  fail(what: string, cause: unknown): void {
    this.issue("error", what);
    this.issue("error", cause instanceof Error ? cause.message : String(cause));
    this.failed = true;
  }

  addMask(value: string): void {
    if (isBlank(value)) {
      this.issue("warning", "Can't add secret mask for empty string in ##[add-mask] command.");
      return;
    }
    if (this.#echo) this.write("::add-mask::***");
    this.#masker.addMask(value);
    this.masks.push(value);
  }

  setEcho(value: string): void {
    if (value === "") throw new Error("Value cannot be null. (Parameter 'value')");
    const wanted = trim(value).toUpperCase();
    if (wanted !== "ON" && wanted !== "OFF") {
      throw new Error(`Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '${value}'.`);
    }
    this.#echo = wanted === "ON";
  }

  /** The `name` property of one of the commands that the command files replaced. */
  deprecatedName({ name, properties }: Command): string {
    this.issue("warning", DEPRECATED.replace("{0}", name.toLowerCase()));
    const target = properties.get("name");
    if (!target) throw new Error(`Required field 'name' is missing in ##[${name.toLowerCase()}] command.`);
    return target;
  }

  #isKnown(name: string): boolean {
    const lower = name.toLowerCase();
    return lower === "stop-commands" || Object.hasOwn(HANDLERS, lower) || this.#isStopToken(name);
  }

  #isStopToken(name: string): boolean {
    return this.#stopToken !== undefined && name.toUpperCase() === this.#stopToken.toUpperCase();
  }

  /** Returns false where commands are stopped, so that the line is shown as it is. */
  #obey(command: Command, line: string): boolean {
    if (this.#stopToken !== undefined) {
      if (!this.#isStopToken(command.name)) return false;
      this.write(line);
      this.#stopToken = undefined;
    } else if (command.name.toLowerCase() === "stop-commands") {
      this.#stop(command, line);
    } else {
      this.#handle(command, line);
    }
    this.commands.push(command);
    return true;
  }

  #stop({ data }: Command, line: string): void {
    if (data === "" || data.toLowerCase() === "pause-logging" || this.#isKnown(data)) {
      this.issue("error", BAD_STOP_TOKEN);
      this.failed = true;
      return;
    }
    this.#stopToken = data;
    if (data.length >= SHORTEST_MASKED_STOP_TOKEN) {
      this.#masker.addMask(data);
      this.masks.push(data);
    }
    this.write(line);
  }

  #handle(command: Command, line: string): void {
    const handler = HANDLERS[command.name.toLowerCase()];
    if (!handler) return;
    if (this.#echo && !handler.quiet) this.write(line);
    try {
      handler.run(this, command);
    } catch (error) {
      const shown = handler.quiet ? command.name.toLowerCase() : line;
      this.fail(`Unable to process command '${shown}' successfully.`, error);
    }
  }
}
