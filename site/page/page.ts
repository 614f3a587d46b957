/** Puts the choice on the page. Nothing is fetched from anywhere, and nothing is kept but in the address. */
import { addressOf, type Choice, readAddress } from "./choice.ts";
import { showControls } from "./controls.ts";
import { readOwn } from "./definition.ts";
import { byId } from "./dom.ts";
import type { Facts } from "./facts.ts";
import { showResults } from "./results.ts";

const FACTS: Facts = JSON.parse(byId("facts").textContent ?? "");

/** The facts with the methods of the reader's own definition, where the address carries one that can be read. */
function factsAt(address: string): Facts {
  const told = new URLSearchParams(address.replace(/^#/, ""));
  const own = readOwn(told.get("file") ?? "", "");
  if (told.get("service") !== "custom" || own.kind !== "service") return FACTS;
  const services = FACTS.services.map((one) => (one.id === "custom" ? { ...one, methods: own.methods } : one));
  return { ...FACTS, services };
}

/** Shows what an address tells. */
function show(address: string): void {
  const facts = factsAt(address);
  const choice = readAddress(address, facts);
  showControls(choice, facts, (change) => choose(choice, change));
  showResults(choice, facts);
  const area = byId("definition", HTMLTextAreaElement);
  byId("own").hidden = choice.service.id !== "custom";
  if (area.value !== (choice.definition ?? "")) area.value = choice.definition ?? "";
  area.oninput = () => choose(choice, { definition: area.value });
}

/** Takes over a change; the address is what remembers it. */
function choose(choice: Choice, change: Partial<Choice>): void {
  const changed = { ...choice, ...change };
  history.replaceState(undefined, "", addressOf(changed));
  show(addressOf(changed, Number.POSITIVE_INFINITY));
}

addEventListener("hashchange", () => show(location.hash));
show(location.hash);
