import { type Failure, reworded } from "../failure.ts";
import { JUST_MINTED } from "../providers/kit/judge.ts";
import { FIELDS, type Provider } from "../providers/provider.ts";
import { credentialOf, fieldsInside } from "./credentials.ts";
import { oddity } from "./oddity.ts";
import type { Known } from "./plan.ts";
import { INPUTS, type Inputs } from "./table.ts";

/** The failure with what only the inputs tell of its likely cause. */
export function withAdvice(failure: Failure, inputs: Inputs | undefined, { provider, url }: Known): Failure {
  if (inputs === undefined) return failure;
  const { code, hint } = failure;
  const sentences = [
    ...misspelt(failure, inputs),
    hint,
    code === "refused" && provider !== undefined && !hint.includes(JUST_MINTED) ? oddPassword(inputs) : "",
    provider !== undefined && inputs.url !== "" && url ? needlessUrl(hint, provider, new URL(url).hostname) : "",
  ];
  return reworded(failure, sentences.filter(Boolean).join(" "));
}

/** Whoever asks for an input knows what is missing, and not what was written in its place. */
function misspelt({ code, message, hint }: Failure, inputs: Inputs): string[] {
  if (code !== "invalid-input" && code !== "missing-secret") return [];
  // Any credential would do where one is missing.
  const others = code === "missing-secret" ? [...FIELDS, "credentials", "url"] : ["credentials"];
  return INPUTS.flatMap((name) => {
    const written = inputs[name] === "" ? inputs.misspelt?.[name] : undefined;
    const isAskedFor = others.includes(name) || (message + hint).includes(`"${name}"`);
    return written !== undefined && isAskedFor ? [`You wrote "${written}", the input is "${name}".`] : [];
  });
}

/** What answers, or does not, may be another product. */
function needlessUrl(hint: string, { confusedWith }: Provider, host: string): string {
  const way = 'leave "url" out';
  if (confusedWith?.named.test(host) !== true || hint.includes(way)) return "";
  return `Is that the address of ${confusedWith.name}? Then ${way}.`;
}

/** A password may hold anything, so what is odd about it is told only where it is refused, not what it brought. */
function oddPassword(inputs: Inputs): string {
  const password = credentialOf("password", inputs.password, fieldsInside(inputs.credentials));
  const flaw =
    oddity(password)?.flaw ?? (/^\s|\s$/.test(password) ? "begins or ends with a blank or a line break" : "");
  return flaw && `The given password ${flaw}: is that part of it?`;
}
