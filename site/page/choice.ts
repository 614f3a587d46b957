/** What a reader has chosen, and how the address of the page remembers it. */
import type { Facts, MethodFacts, ServiceFacts } from "./facts.ts";

export const USES = ["upload", "matrix", "reusable", "seal", "secretless"] as const;
export type Use = (typeof USES)[number];

export interface Choice {
  readonly service: ServiceFacts;
  readonly method: MethodFacts;
  readonly use: Use;
  /** Inputs that the reader filled in: `url` and options. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The other services of a matrix. */
  readonly others: readonly ServiceFacts[];
  readonly recipe?: string;
  /** The text of a definition file. */
  readonly definition?: string;
}

/** Longest definition that the address carries along, in characters: some programs cut long ones. */
const LONGEST = 8000;

/** Whether a use makes sense for a service. */
export function isPossible(use: Use, service: ServiceFacts): boolean {
  return use !== "secretless" || service.methods.some((method) => method.usesIdToken);
}

/** The methods that serve a use; all, but for the use that stores no secret. */
export function methodsFor(use: Use, service: ServiceFacts): readonly MethodFacts[] {
  return use === "secretless" ? service.methods.filter((method) => method.usesIdToken) : service.methods;
}

/** The choice that an address tells; what it does not tell, or tells wrongly, is the first that there is. */
export function readAddress(hash: string, facts: Facts): Choice {
  const told = new URLSearchParams(hash.replace(/^#/, ""));
  const service = found(facts.services, told.get("service"));
  const use = USES.find((one) => one === told.get("use") && isPossible(one, service)) ?? "upload";
  const method = found(methodsFor(use, service), told.get("method"));
  const names = ["url", ...method.options];
  const inputs = names.flatMap((name) => (told.get(name) ? [[name, told.get(name) ?? ""] as const] : []));
  const others = told.get("with")?.split(",") ?? [simplest(facts, service)?.id];
  const recipe = facts.recipes.find(({ id }) => id === told.get("server") && service.id === "oauth2");
  const definition = told.get("file");
  return {
    service,
    method,
    use,
    inputs: Object.fromEntries(inputs),
    others: use === "matrix" ? facts.services.filter(({ id }) => id !== service.id && others.includes(id)) : [],
    ...(recipe !== undefined && { recipe: recipe.id }),
    ...(definition !== null && service.id === "custom" && { definition }),
  };
}

/** The address of a choice: what stands behind the `#`, which no browser sends anywhere. */
export function addressOf(choice: Choice, longest = LONGEST): string {
  const { service, method, use, inputs, others, recipe, definition = "" } = choice;
  const told = new URLSearchParams({ service: service.id, method: method.id, use, ...inputs });
  if (use === "matrix") told.set("with", others.map(({ id }) => id).join(","));
  if (recipe) told.set("server", recipe);
  if (service.id === "custom" && definition !== "" && definition.length <= longest) told.set("file", definition);
  return `#${told}`;
}

/** Another service that needs nothing but secrets. */
function simplest({ services }: Facts, chosen: ServiceFacts): ServiceFacts | undefined {
  return services.find(({ id, url }) => id !== chosen.id && !url.isNeeded);
}

function found<One extends { readonly id: string }>(all: readonly One[], id: string | null): One {
  const [first] = all;
  if (first === undefined) throw new Error("There is nothing to choose from");
  return all.find((one) => one.id === id) ?? first;
}
