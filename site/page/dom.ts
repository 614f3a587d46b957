/** The few words of the DOM that the page uses. */

type Kind<Of extends HTMLElement> = new () => Of;

/** @throws where the page has no such element */
export function byId(id: string): HTMLElement;
export function byId<Of extends HTMLElement>(id: string, kind: Kind<Of>): Of;
export function byId(id: string, kind: Kind<HTMLElement> = HTMLElement): HTMLElement {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no ${id}`);
  return found;
}

export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A block of text that scrolls by itself, so the keyboard has to reach it. */
export function block(id: string, name: string, text: string): HTMLElement {
  return make("pre", { id, tabindex: "0", role: "region", "aria-label": name }, make("code", {}, text));
}

/** A block of text under its name, with a button that copies it. */
export function copyable(id: string, name: string, text: string): HTMLElement {
  const button = make("button", { type: "button", "aria-label": `Copy ${name}` }, "Copy");
  button.addEventListener("click", async () => {
    await copy(text);
    button.textContent = "Copied";
    byId("said").textContent = `${name} is copied.`;
    setTimeout(() => {
      button.textContent = "Copy";
      byId("said").textContent = "";
    }, 2000);
  });
  return make(
    "div",
    { class: "file" },
    make("div", { class: "bar" }, make("span", {}, name), button),
    block(id, name, text),
  );
}

/** A page that is opened from a disk may have no clipboard. */
async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", {}, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
