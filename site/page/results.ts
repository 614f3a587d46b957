/** What a choice leads to: files, commands, logs, and what a definition would send. */
import type { Choice } from "./choice.ts";
import { commandsFor } from "./commands.ts";
import { type Reading, readOwn } from "./definition.ts";
import { block, byId, copyable, make } from "./dom.ts";
import type { Facts, MethodFacts } from "./facts.ts";
import { type File, filesOf } from "./workflow.ts";

const ENDINGS: Readonly<Record<MethodFacts["ending"], string>> = {
  revocable: "What the step made is taken back, also after a failure or a cancellation.",
  expires: "Nothing is sent: the service has no revocation, so the token lives until it expires.",
  "ready-made": "Nothing is sent: you brought the credential, and it is left as it is.",
};

export function showResults(choice: Choice, facts: Facts): void {
  const files = filesOf(choice, facts);
  byId("files").replaceChildren(...files.map(({ path, text }, index) => copyable(`file-${index}`, path, text)));
  showSecrets(choice, files);
  showAbout(choice);
  showLog(choice);
  if (choice.service.id === "custom") {
    showReading(readOwn(choice.definition ?? "", choice.inputs.url ?? choice.service.url.example));
  }
}

function showSecrets(choice: Choice, files: readonly File[]): void {
  const commands = commandsFor(choice, files);
  const width = Math.max(...commands.map(({ line }) => line.length), 0);
  const text = commands.map(({ line, note }) => `${line.padEnd(width)}  # ${note}\n`).join("");
  byId("commands").replaceChildren(...(commands.length > 0 ? [copyable("command-lines", "Commands", text)] : []));
  byId("no-commands").hidden = commands.length > 0;
  byId("id-token").hidden = !choice.method.usesIdToken;
  byId("callers").hidden = choice.use !== "reusable";
}

/** The chapters of the documentation that belong to the choice. */
function showAbout({ service, recipe = "" }: Choice): void {
  for (const section of document.querySelectorAll<HTMLElement>("[data-about]")) {
    section.hidden = section.dataset.about !== service.id;
  }
  for (const section of document.querySelectorAll<HTMLElement>("[data-recipe]")) {
    section.hidden = service.id !== "oauth2" || section.dataset.recipe !== recipe.replace(/-\d+$/, "");
  }
}

function showLog({ method, use }: Choice): void {
  const log = (use === "seal" ? method.logWhenSealing : method.log) ?? [];
  byId("log").replaceChildren(...logBlock("log-lines", "Log of the step", log));
  byId("no-log").hidden = log.length > 0;
  byId("ending").textContent = use === "seal" ? sealedEnding(method) : ENDINGS[method.ending];
  const end = use === "seal" ? [] : (method.logAtEnd ?? []);
  byId("end-log").replaceChildren(...logBlock("end-lines", "Log at the end of the job", end));
}

function sealedEnding({ closing, ending }: MethodFacts): string {
  if (closing !== undefined) {
    return "The step that seals revokes nothing. The job “close” does, after all the others and whatever came of them.";
  }
  return ending === "ready-made"
    ? "Nothing is sent: you brought the credential. Each job could read the secret itself, without a seal."
    : "Nothing is sent: the sealed token lives until it expires, and no closing job is needed.";
}

function logBlock(id: string, name: string, lines: readonly string[]): HTMLElement[] {
  return lines.length === 0 ? [] : [block(id, name, `${lines.join("\n")}\n`)];
}

function showReading(reading: Reading): void {
  byId("reading").textContent = wordsOf(reading);
  byId("reading").className = reading.kind;
  const told = reading.kind === "service" ? reading.told : [];
  byId("told").replaceChildren(
    ...told.flatMap(({ when, words, request }, index) => [
      make("h3", {}, `${when.charAt(0).toUpperCase()}${when.slice(1)}`),
      ...(request === undefined ? [] : [block(`told-${index}`, when, request)]),
      ...(words === undefined ? [] : [make("p", {}, words)]),
    ]),
  );
}

function wordsOf(reading: Reading): string {
  switch (reading.kind) {
    case "nothing":
      return "Paste a definition to see what it would send.";
    case "mistake":
      return `${reading.says} ${reading.hint}`.trim();
    case "service":
      return `${reading.name}: nothing is wrong with it. This is what it would send.`;
  }
}
