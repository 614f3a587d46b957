/** What the pages of the services say of the secret, and the page on OAuth2 of each server: as HTML, shown with the choice. */
import { existsSync, readFileSync } from "node:fs";
import type { Facts, ServiceFacts } from "../page/facts.ts";
import { escapeHtml, toHtml } from "./markdown.ts";

/** @param folder the address of the folder of the services' pages */
export function chaptersOf(facts: Facts, folder: string): string {
  return [...facts.services.map((service) => aboutSecret(service, folder)), ...aboutServers(folder)].join("\n");
}

function aboutSecret({ id, name }: ServiceFacts, folder: string): string {
  const file = id === "custom" ? "definitions.md" : `providers/${id}.md`;
  const address = new URL(`../${file}`, folder).href;
  const [, after = ""] = existsSync(`docs/${file}`)
    ? readFileSync(`docs/${file}`, "utf8").split(/^## Where the secret is made\n/m)
    : [];
  const [chapter = ""] = after.split(/^## /m);
  const about = id === "custom" ? "The format of a definition" : `All about ${name}`;
  const rest =
    id === "custom" ? "with an example for each part" : "a real use, every request, failures in its own words";
  const more = `<p><a href="${escapeHtml(address)}">${escapeHtml(about)}</a>: ${rest}.</p>`;
  return `<div data-about="${id}" hidden>${toHtml(chapter, address)}${more}</div>`;
}

function aboutServers(folder: string): string[] {
  const address = new URL("oauth2.md", folder).href;
  const chapters = readFileSync("docs/providers/oauth2.md", "utf8")
    .split(/^## /m)
    .filter((chapter) => /^(?:Servers|Services)\n/.test(chapter))
    .flatMap((chapter) => chapter.split(/^### /m).slice(1));
  return chapters.map((chapter) => {
    const [heading = ""] = chapter.split("\n");
    // The steps themselves are what the page writes, so a paragraph that leads to one leads nowhere.
    const paragraphs = chapter
      .slice(heading.length)
      .replace(/^```.*?^```$/gms, "")
      .split(/\n{2,}/);
    const prose = paragraphs.filter((text) => !text.trimEnd().endsWith(":")).join("\n\n");
    const id = heading.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    return `<div data-recipe="${id}" hidden><h3>${escapeHtml(heading)}</h3>${toHtml(prose, address)}</div>`;
  });
}
