/** The commands that store what a workflow reads. */
import type { Choice } from "./choice.ts";
import type { MethodFacts, ServiceFacts } from "./facts.ts";
import type { File } from "./workflow.ts";

export interface Command {
  readonly line: string;
  /** What the command asks for. */
  readonly note: string;
}

/** `gh` asks for the value, so that it stands in no history and no list of processes. */
export function commandsFor(choice: Choice, files: readonly File[]): Command[] {
  const text = files.map((file) => file.text).join("\n");
  const named = [...text.matchAll(/\bsecrets\.([A-Z0-9_]+)|^\s*(?:- )?credentials: ([A-Z0-9_]+)$/gm)];
  const secrets = [...new Set(named.map(([, name, credentials]) => name ?? credentials ?? ""))];
  const variables = [...new Set([...text.matchAll(/\bvars\.([A-Z0-9_]+)/g)].map(([, name = ""]) => name))];
  return [
    ...secrets.map((name) => secretCommand(name, choice)),
    ...variables.map((name) => ({ line: `gh variable set ${name}`, note: "is no secret" })),
  ];
}

function secretCommand(name: string, { service, method, others }: Choice): Command {
  if (name === "SEAL_KEY") {
    return { line: "openssl rand -base64 32 | gh secret set SEAL_KEY", note: "a new key, which nobody needs to know" };
  }
  if (name.endsWith("_PRIVATE_KEY")) {
    return { line: `gh secret set ${name} < private-key.pem`, note: "PEM (PKCS#8) or JWK" };
  }
  const line = `gh secret set ${name}`;
  if (!name.endsWith("_CREDENTIALS")) return { line, note: "asks for the value" };
  const entries: [ServiceFacts, MethodFacts | undefined][] = [
    [service, method],
    ...others.map((other): [ServiceFacts, MethodFacts | undefined] => [other, other.methods[0]]),
  ];
  const [, chosen = method] =
    entries.find(([{ id }]) => name === `${id.toUpperCase().replaceAll("-", "_")}_CREDENTIALS`) ?? [];
  const json = Object.fromEntries(chosen.needs.map((field) => [field.replaceAll("-", "_"), "…"]));
  return { line, note: `asks for one line: ${JSON.stringify(json)}` };
}
