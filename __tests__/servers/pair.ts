import { randomBytes } from "node:crypto";

/** A client or a user of a server, with the secret. */
export interface Pair {
  readonly id: string;
  readonly secret: string;
}

/** What a form, a URL, a Basic pair or JSON would have to encode, all in one secret. */
export function awkward(): string {
  return `s+&=%C3:"/~ ${randomBytes(8).toString("hex")}`;
}

/** The same with what is not ASCII, which passwords may hold, and the secrets of most clients. */
export function awkwardBeyondAscii(): string {
  return `é${awkward()}ü`;
}

/** A pair in a Basic header: form-encoded (RFC 6749, section 2.3.1), or as it is (RFC 7617). */
export function basic({ id, secret }: Pair, form: "encoded" | "plain"): string {
  const encode = (text: string) => (form === "plain" ? text : new URLSearchParams({ "": text }).toString().slice(1));
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString("base64")}`;
}

/** A form that is sent by POST. */
export function form(fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}): RequestInit {
  return { method: "POST", body: new URLSearchParams(fields), headers, redirect: "manual" };
}
