import type { IncomingMessage } from "node:http";
import { parseJson } from "../text/json.ts";
import { decodeBody } from "./charset.ts";
import type { Answer } from "./http.ts";

/** A field of JSON that is named as one that holds a secret, or a text alone that can be one. */
const SECRET = /("(?:\w*token|session|identifier|api_key)"\s*:\s*)"(?:[^"\\\s]|\\.){8,}"|^\s*"[^"\s]{20,}"\s*$/gi;

/** XML alone is no page: services and gateways tell errors in it. */
const PAGE = /^\s*(<\?xml[^>]*>\s*)?<(!doctype|html|head|body|!--)/i;

/** An answer as providers get to see it. */
export function toAnswer({ statusCode: status = 0, headers }: IncomingMessage, bytes: Buffer): Answer {
  const type = headers["content-type"] ?? "";
  const text = decodeBody(bytes, type);
  const json = parseJson(text);
  const isText = json === undefined && text.trim() !== "";
  return {
    status,
    headers,
    // What was minted is read from the JSON, and masked there; at a status that nobody expects it is only quoted.
    get body() {
      return json === undefined ? text : text.replace(SECRET, '$1"***"');
    },
    json,
    isHtml: isText && (/html\b/i.test(type) || PAGE.test(text)),
  };
}
