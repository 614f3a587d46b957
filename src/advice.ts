import { fieldsInside, trimmed } from "./credentials.ts";
import { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import { oddity } from "./oddity.ts";
import { providerById } from "./providers/index.ts";

/** The failure with what only the inputs tell of its likely cause. */
export function withAdvice(failure: Failure, inputs: Inputs | undefined, providerId: string | undefined): Failure {
  const advice = inputs === undefined ? "" : adviceOn(failure, inputs, providerId ?? "");
  if (advice === "") return failure;
  const { code, message, title, hint, answered, answeredBy, cause } = failure;
  return new Failure(code, message, { title, hint: `${hint} ${advice}`, answered, answeredBy, cause });
}

function adviceOn({ code, title }: Failure, inputs: Inputs, providerId: string): string {
  if (code === "refused") return oddPassword(inputs);
  const { name, defaultUrl } = providerById(providerId) ?? {};
  // A title of its own tells of a service that knows better where to look.
  if (code !== "wrong-url" || title !== WRONG_URL || inputs.url === "" || defaultUrl === undefined) return "";
  return `Or leave "url" out: ${name} has an address of its own, ${defaultUrl}.`;
}

/** The title of a `wrong-url` of no other cause than the address. */
const WRONG_URL = new Failure("wrong-url", "", { hint: "" }).title;

/** A password may hold anything, so what is odd about it is told only where it is refused. */
function oddPassword(inputs: Inputs): string {
  const inside = fieldsInside(inputs.credentials).findLast(({ field }) => field === "password")?.value ?? "";
  const password = inputs.password || trimmed("password", inside);
  const flaw =
    oddity(password)?.flaw ?? (/^\s|\s$/.test(password) ? "begins or ends with a blank or a line break" : "");
  return flaw === "" ? "" : `The given password ${flaw}: is that part of it?`;
}
