import fc from "fast-check";

/** How many secrets and texts around them are tried. */
export const MASKING_RUNS = 3_000;

/** What becomes a space where text is made one line. */
const BLANKS = /[\s\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

export function oneLine(text: string): string {
  return text.replace(BLANKS, " ").trim();
}

const TRICKY = [
  "'",
  '"',
  "%",
  "&",
  "<",
  ">",
  "+",
  "/",
  "=",
  "\\",
  " ",
  "$",
  "`",
  "ü",
  "€",
  "日",
  "🔑",
  "é",
  "%2B",
  "&amp;",
];

/** 4 to 300 characters as people and generators make them, also with line breaks at the end. */
export const secrets = fc
  .tuple(
    fc.oneof(
      fc.string({ minLength: 4, maxLength: 300, unit: "grapheme-ascii" }),
      fc.string({ minLength: 4, maxLength: 60, unit: "grapheme" }),
      fc.string({ minLength: 4, maxLength: 60, unit: "binary" }),
      fc
        .array(fc.oneof(fc.constantFrom(...TRICKY), fc.string({ minLength: 1, maxLength: 3 })), {
          minLength: 4,
          maxLength: 40,
        })
        .map((parts) => parts.join("")),
      fc.stringMatching(/^[A-Za-z0-9_-]{20,300}$/),
    ),
    fc.constantFrom("", "", "", "\n", "\r\n", "\n\n"),
  )
  .map(([secret, end]) => secret + end)
  // An environment holds no NUL, and three characters of a secret are the fewest that say anything.
  .filter((secret) => !secret.includes("\0") && secret.length <= 300)
  .filter((secret) => [...oneLine(secret)].length >= 4 && !/^[*#[\] ]*$/.test(oneLine(secret)));

/** Each way in which a service could repeat a secret. None of them is the action's own code. */
export const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  "as it is": (secret) => secret,
  "in base64": (secret) => Buffer.from(secret).toString("base64"),
  "in base64, after one byte": (secret) => core(secret, 1),
  "in base64, after two bytes": (secret) => core(secret, 2),
  "in base64url": (secret) => Buffer.from(secret).toString("base64url"),
  "in base64 inside of JSON by PHP": (secret) => Buffer.from(secret).toString("base64").replaceAll("/", "\\/"),
  "in base64 inside of a URL": (secret) => encodeURIComponent(Buffer.from(secret).toString("base64")),
  "in hexadecimal": (secret) => Buffer.from(secret).toString("hex"),
  "in hexadecimal, upper case": (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
  "percent-encoded": (secret) => encodeURIComponent(secret),
  "percent-encoded, lower case": (secret) => encodeURIComponent(secret).replace(/%../g, (hex) => hex.toLowerCase()),
  "percent-encoded twice": (secret) => encodeURIComponent(encodeURIComponent(secret)),
  "percent-encoded whole": (secret) =>
    [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  "as a form field": (secret) => new URLSearchParams({ a: secret }).toString().slice(2),
  "in JSON": (secret) => JSON.stringify(secret).slice(1, -1),
  "in JSON of JSON": (secret) => JSON.stringify(JSON.stringify(secret)).slice(3, -3),
  "in JSON, ASCII only": (secret) =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replace(/[^ -~]/g, escapeUnit),
  "in JSON, all escaped": (secret) => secret.replace(/[\s\S]/g, escapeUnit),
  "in JSON by PHP": (secret) =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replaceAll("/", "\\/")
      .replace(/[^ -~]/g, escapeUnit),
  "in HTML": (secret) => html(secret).replaceAll("'", "&#39;"),
  "in HTML by PHP": (secret) => html(secret).replaceAll("'", "&#039;"),
  "in HTML, hexadecimal": (secret) => html(secret).replaceAll("'", "&#x27;"),
  "in XML": (secret) => html(secret).replaceAll("'", "&apos;"),
  "in HTML, all escaped": (secret) => [...secret].map((character) => `&#${character.codePointAt(0)};`).join(""),
  "in a shell's quotes": (secret) => secret.replaceAll('"', '\\"'),
  "in SQL's quotes": (secret) => secret.replaceAll("'", "''"),
};

function core(secret: string, shift: number): string {
  const all = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]);
  // What the neighbours share with the secret is not decided by it alone.
  return all.toString("base64").slice(shift + 1, Math.floor((all.length * 8) / 6));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function html(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** What must not be seen: each form as one line, where it is long enough to be more than a coincidence. */
export function hidden(secret: string): string[] {
  return Object.values(FORMS)
    .map((form) => oneLine(form(secret).replace(/=+$/, "")))
    .filter((form) => form.length >= 4 && !/^[*\\' ]*$/.test(form));
}

/** A text that a service could answer, with the secret in it in one or several forms. */
const around = fc.string({ maxLength: 30, unit: "grapheme-ascii" });
export const bodies = fc.tuple(
  secrets,
  fc.array(fc.tuple(around, fc.constantFrom(...Object.keys(FORMS))), { minLength: 1, maxLength: 4 }),
  around,
);

export function bodyOf(secret: string, parts: readonly (readonly [string, string])[], end: string): string {
  return parts.map(([before, form]) => `${before}${FORMS[form]?.(secret) ?? ""}`).join("") + end;
}
