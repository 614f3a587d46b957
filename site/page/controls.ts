/** What a reader chooses by: the service, the use, the method, and inputs. */
import { addressOf, type Choice, isPossible, methodsFor, USES, type Use } from "./choice.ts";
import { byId, make } from "./dom.ts";
import type { Facts, MethodFacts } from "./facts.ts";

/** Takes over a change. */
export type Choose = (change: Partial<Choice>) => void;

export function showControls(choice: Choice, facts: Facts, choose: Choose): void {
  showService(choice, facts);
  showUses(choice, facts, choose);
  showMethods(choice, choose);
  showInputs(choice, facts, choose);
  showOthers(choice, facts, choose);
}

function showService(choice: Choice, { services, recipes }: Facts): void {
  const [select, server] = [byId("service", HTMLSelectElement), byId("server", HTMLSelectElement)];
  if (select.options.length === 0) {
    select.append(...services.map(({ id, name }) => make("option", { value: id }, name)));
    server.append(...recipes.map(({ id, name }) => make("option", { value: id }, name)));
  }
  select.value = choice.service.id;
  select.onchange = () => go({ service: select.value, use: choice.use });
  byId("servers").hidden = choice.service.id !== "oauth2";
  server.value = choice.recipe ?? "";
  server.onchange = () => chooseRecipe(choice, recipes, server.value);
}

/** Another address, which the browser's own way back leaves again. */
function go(told: Record<string, string>): void {
  location.hash = new URLSearchParams(told).toString();
}

/** A recipe fills in method and inputs, which the reader can change afterwards. */
function chooseRecipe({ recipe: _, ...choice }: Choice, recipes: Facts["recipes"], id: string): void {
  const recipe = recipes.find((one) => one.id === id);
  const method = choice.service.methods.find((one) => one.id === recipe?.method);
  if (recipe === undefined || method === undefined) {
    go({ service: choice.service.id, use: choice.use });
    return;
  }
  const use = choice.use === "secretless" && !method.usesIdToken ? "upload" : choice.use;
  location.hash = addressOf({ ...choice, use, method, inputs: recipe.inputs, recipe: id });
}

function showUses(choice: Choice, facts: Facts, choose: Choose): void {
  for (const use of USES) {
    const radio = byId(`use-${use}`, HTMLInputElement);
    radio.checked = use === choice.use;
    radio.disabled = !isPossible(use, choice.service);
    radio.onchange = () => choose(startOf(use, choice, facts));
  }
  byId("no-secretless").hidden = isPossible("secretless", choice.service);
}

function startOf(use: Use, { service, method }: Choice, { services }: Facts): Partial<Choice> {
  const methods = methodsFor(use, service);
  const other = services.find(({ id, url }) => id !== service.id && !url.isNeeded);
  return {
    use,
    method: methods.includes(method) ? method : (methods[0] ?? method),
    others: use === "matrix" && other !== undefined ? [other] : [],
  };
}

function showMethods(choice: Choice, choose: Choose): void {
  const methods = methodsFor(choice.use, choice.service);
  keep("methods", `${choice.service.id} ${methods.map(({ id }) => id)}`, () => methods.map(methodRadio));
  for (const method of methods) {
    const radio = byId(`method-${method.id}`, HTMLInputElement);
    radio.checked = method.id === choice.method.id;
    radio.onchange = () => choose({ method, recipe: "" });
  }
}

function methodRadio({ id, needs }: MethodFacts): HTMLElement {
  const radio = make("input", { type: "radio", name: "method", id: `method-${id}`, value: id });
  const words = needs.length === 0 ? "no secret: GitHub's ID token" : needs.join(", ");
  return make("label", { class: "choice" }, radio, make("span", {}, make("code", {}, id), make("small", {}, words)));
}

/** Puts children into a list, unless they are there already: a field keeps its focus while someone writes into it. */
function keep(id: string, what: string, children: () => HTMLElement[]): void {
  const list = byId(id);
  if (list.dataset.of === what) return;
  list.dataset.of = what;
  list.replaceChildren(...children());
}

/** A text field for `url` and for each option of the method. */
function showInputs(choice: Choice, facts: Facts, choose: Choose): void {
  const { service, method, inputs } = choice;
  const of = `${service.id} ${method.id}`;
  keep("place", of, () => [inputField("url", facts, service.url.example, service.url.isNeeded ? "" : " (not needed)")]);
  keep("options", `${of} ${method.options}`, () =>
    method.options.map((name) => {
      const example = name === "parameters" ? method.parameters.map((one) => `${one}=…`).join(" ") : "";
      return inputField(name, facts, example, "");
    }),
  );
  for (const name of ["url", ...method.options]) {
    const field = document.getElementById(`input-${name}`);
    if (!(field instanceof HTMLInputElement) && !(field instanceof HTMLTextAreaElement)) continue;
    const value = inputs[name] ?? "";
    if (field.value.trim() !== value) field.value = value;
    field.oninput = () => {
      const { [name]: _, ...others } = choice.inputs;
      choose({ inputs: field.value.trim() === "" ? others : { ...others, [name]: field.value.trim() } });
    };
  }
  const isFilled = method.options.some((name) => inputs[name] !== undefined) || method.parameters.length > 0;
  if (isFilled) byId("more", HTMLDetailsElement).open = true;
}

function inputField(name: string, { inputs }: Facts, example: string, after: string): HTMLElement {
  const about = `about-${name}`;
  const common = { id: `input-${name}`, placeholder: example, "aria-describedby": about, spellcheck: "false" };
  const field =
    name === "parameters"
      ? make("textarea", { ...common, rows: "2" })
      : make("input", { ...common, type: "text", autocomplete: "off" });
  const label = make("label", { for: `input-${name}` }, make("code", {}, name), after);
  return make(
    "div",
    { class: "field" },
    label,
    field,
    make("small", { id: about }, (inputs[name] ?? "").replaceAll("`", "")),
  );
}

/** The other services of a matrix. */
function showOthers(choice: Choice, facts: Facts, choose: Choose): void {
  byId("others").hidden = choice.use !== "matrix";
  const services = facts.services.filter(({ id }) => id !== choice.service.id && id !== "custom");
  keep("other-services", choice.service.id, () =>
    services.map(({ id, name }) => {
      const box = make("input", { type: "checkbox", id: `other-${id}`, value: id });
      return make("label", { class: "choice" }, box, make("span", {}, name));
    }),
  );
  for (const service of services) {
    const box = byId(`other-${service.id}`, HTMLInputElement);
    const rest = choice.others.filter(({ id }) => id !== service.id);
    box.checked = rest.length < choice.others.length;
    box.onchange = () => choose({ others: box.checked ? [...rest, service] : rest });
  }
}
