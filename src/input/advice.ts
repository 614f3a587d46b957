import { type Failure, reworded } from "../failure.ts";
import { JUST_MINTED } from "../providers/kit/judge.ts";
import type { Provider } from "../providers/provider.ts";
import { fieldsInside, trimmed } from "./credentials.ts";
import { oddity } from "./oddity.ts";
import type { Known } from "./plan.ts";
import { misspeltHint } from "./settings.ts";
import { INPUTS, type Inputs } from "./table.ts";

/** The failure with what only the inputs tell of its likely cause. */
export function withAdvice(thrown: Failure, inputs: Inputs | undefined, { provider, url }: Known): Failure {
  if (inputs === undefined) return thrown;
  const failure = withMisspelt(thrown, inputs);
  if (provider === undefined) return failure;
  const sentences = [
    failure.code === "refused" && !failure.hint.includes(JUST_MINTED) ? oddPassword(inputs) : "",
    inputs.url === "" || !url ? "" : needlessUrl(failure, provider, new URL(url).hostname),
  ];
  return reworded(failure, [failure.hint, ...sentences].filter(Boolean).join(" "));
}

/** Whoever asks for an input knows what is missing, and not what was written in its place. */
function withMisspelt(failure: Failure, inputs: Inputs): Failure {
  const { code, message, hint } = failure;
  const named = INPUTS.filter((name) => message.includes(`"${name}"`));
  const misspelt = code === "invalid-input" ? misspeltHint(inputs, named) : "";
  return misspelt === "" || hint.includes(misspelt) ? failure : reworded(failure, misspelt + hint);
}

/** What answers, or does not, may be another product: a provider with an address of its own needs no other. */
function needlessUrl({ code, hint }: Failure, { name, defaultUrl, confusedWith }: Provider, host: string): string {
  if (defaultUrl === undefined || code === "invalid-input" || code === "missing-secret") return "";
  const way = 'leave "url" out';
  if (hint.includes(way)) return "";
  return confusedWith?.named.test(host)
    ? `Is that the address of ${confusedWith.name}? Then ${way}, ${name} has its own address: ${defaultUrl}.`
    : "";
}

/** A password may hold anything, so what is odd about it is told only where it is refused, not what it brought. */
function oddPassword(inputs: Inputs): string {
  const inside = fieldsInside(inputs.credentials).findLast(({ field }) => field === "password")?.value ?? "";
  const password = inputs.password || trimmed("password", inside);
  const flaw =
    oddity(password)?.flaw ?? (/^\s|\s$/.test(password) ? "begins or ends with a blank or a line break" : "");
  return flaw === "" ? "" : `The given password ${flaw}: is that part of it?`;
}
