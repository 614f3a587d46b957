/** The Markdown of this project's pages as HTML: paragraphs, lists, tables, code and links, and nothing else. */

/** @param base the page that relative links start from, as an address */
export function toHtml(markdown: string, base: string): string {
  return blocksOf(markdown)
    .map((block) => blockHtml(block, base))
    .join("\n");
}

function blocksOf(markdown: string): string[] {
  const blocks = markdown.replace(/<!--.*?-->/gs, "").match(/^```[\s\S]*?^```$|(?:^(?!```).+\n?)+/gm) ?? [];
  return blocks.map((block) => block.trim()).filter((block) => block !== "");
}

function blockHtml(block: string, base: string): string {
  if (block.startsWith("```")) {
    const code = block.replace(/^```.*\n/, "").replace(/```$/, "");
    return `<pre tabindex="0"><code>${escapeHtml(code)}</code></pre>`;
  }
  if (block.startsWith("|")) return tableHtml(block, base);
  if (/^[-*] /.test(block)) {
    const items = block.split(/^[-*] /m).slice(1);
    return `<ul>${items.map((text) => `<li>${inline(text.trim(), base)}</li>`).join("")}</ul>`;
  }
  return `<p>${inline(block, base)}</p>`;
}

function tableHtml(block: string, base: string): string {
  const [head = [], , ...rows] = block.split("\n").map((line) =>
    line
      .replace(/^\| ?| ?\|$/g, "")
      .split(/ ?(?<!\\)\| ?/)
      .map((cell) => inline(cell.replaceAll("\\|", "|").trim(), base)),
  );
  const titles = head.map((cell) => `<th scope="col">${cell}</th>`).join("");
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("");
  return `<div class="wide" tabindex="0"><table><thead><tr>${titles}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function inline(text: string, base: string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part) =>
      part.startsWith("`") ? `<code>${escapeHtml(part.slice(1, -1))}</code>` : prose(escapeHtml(part), base),
    )
    .join("");
}

function prose(text: string, base: string): string {
  return text
    .replace(
      /\[([^\]]+)\]\(([^)]+)\)/g,
      (_, label: string, link: string) => `<a href="${new URL(link, base)}">${label}</a>`,
    )
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replace(/\*([^*]+)\*/g, "<em>$1</em>");
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
