import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { read, schema } from "../text/json.ts";
import { expiry } from "./kit/expiry.ts";
import { ClientPair } from "./kit/fields.ts";
import { bearer } from "./kit/headers.ts";
import { judge, lacksPermission, refusedOrThrow } from "./kit/judge.ts";
import { ownWords } from "./kit/refusals.ts";
import { mintedToken } from "./kit/token.ts";
import { method } from "./method.ts";
import type { Provider } from "./provider.ts";

/** "expires after 24 hours": Xray Cloud documentation, REST API. */
const DOCUMENTED_SECONDS = 24 * 3600;

const DEFAULT_URL = "https://xray.cloud.getxray.app";

/** https://docs.getxray.app/pages/viewpage.action?pageId=31622359 */
const REGIONAL_URLS = [
  "https://us.xray.cloud.getxray.app",
  "https://eu.xray.cloud.getxray.app",
  "https://au.xray.cloud.getxray.app",
];

const JWT = /^[\w-]{2,}(?:\.[\w-]{2,}){2}$/;

const BareString = schema(() => z.string());
const Data = schema(() => z.looseObject({}));
const ErrorBody = schema(() =>
  z.object({ error: z.optional(z.unknown()), errors: z.optional(z.unknown()), message: z.optional(z.unknown()) }),
);
const GraphQl = schema(() => z.object({ data: z.optional(z.unknown()), errors: z.optional(z.unknown()) }));

/** Xray Cloud: client credentials for a JWT. There is no refresh and no revocation. */
export const xray: Provider = {
  id: "xray",
  name: "Xray Cloud",
  defaultUrl: DEFAULT_URL,
  confusedWith: { name: "Jira", hosts: /(?:^|\.)(?:atlassian\.(?:net|com)|jira\.com)$/, named: /\bjira\b/ },
  pastedTail: /\/api\/v[12](?:\/authenticate|\/graphql)?$/,
  byHand: "Jira > Apps > Xray > API Keys",
  methods: [
    method({
      id: "client-credentials",
      fields: ClientPair,
      envName: "XRAY_TOKEN",
      ending: "expires",
      headers: bearer,

      async exchange(credentials, http, { secret }) {
        const answer = await http.send({
          method: "POST",
          path: "/api/v2/authenticate",
          json: { client_id: credentials["client-id"], client_secret: credentials["client-secret"] },
          isFinal: isElsewhere,
          mayMean: ({ status }) => (status < 400 ? notXray(http) : undefined),
          mints: true,
        });
        // The body is a bare JSON string: exactly one layer of JSON comes off.
        const minted = answer.status < 300 ? read(BareString, answer.json) : undefined;
        if (minted === undefined) throw judge(answer, http, ownWord, notXray(http));
        secret(minted);
        const token = mintedToken(minted, http);
        if (!JWT.test(token)) throw notJwt(http.host);
        return { token, expiresAt: expiry({ token, documented: DOCUMENTED_SECONDS }) };
      },

      async probe(credential, http) {
        const answer = await http.send({
          method: "POST",
          path: "/api/v2/graphql",
          headers: bearer(credential),
          json: { query: "{ getTests(limit: 1) { total } }" },
          isFinal: isElsewhere,
          mayMean: (told) => (told.isHtml ? maybeElsewhere(http.host) : undefined),
        });
        const result = answer.status < 300 ? read(GraphQl, answer.json) : undefined;
        if (result?.errors !== undefined && result.errors !== null) {
          const own = ownWord(answer, http.host);
          if (own?.code === "wrong-url") throw own;
          return lacksPermission(
            "Xray knows the token, but not every test may be read with it.",
            "If the job needs that, let the user of the API key browse a project with tests.",
            answer.body,
          );
        }
        if (read(Data, result?.data) !== undefined) return { kind: "accepted" };
        return refusedOrThrow(answer, http, ownWord, answer.isHtml ? maybeElsewhere(http.host) : undefined);
      },
    }),
  ],
};

/** Every text of an answer that can hold an error: Xray has them in JSON of several shapes, and in plain text. */
function errorTexts({ status, json, body, isHtml }: Answer): string[] {
  if (isHtml) return [];
  if (json === undefined) return [body];
  // With a success a bare string is a token.
  return typeof json === "string" && status < 300 ? [] : errorsIn(json);
}

/** Levels of JSON in which an error is looked for: `errors`, one of them, its `error`, the `message` of that. */
const LEVELS = 4;

/** So many errors of a list are looked at. */
const MOST_ERRORS = 100;

function errorsIn(value: unknown, levels = LEVELS): string[] {
  if (typeof value === "string") return [value];
  if (levels === 0) return [];
  if (Array.isArray(value)) return value.slice(0, MOST_ERRORS).flatMap((one) => errorsIn(one, levels - 1));
  return Object.values(read(ErrorBody, value) ?? {}).flatMap((one) => errorsIn(one, levels - 1));
}

/** Xray says so at whatever status, also where a server fault would have been sent again. */
function isElsewhere(answer: Answer): boolean {
  if (answer.isHtml) return /xray data is in another region/i.test(answer.body);
  return saysOne(answer, /another region/i);
}

function oneOf(urls: readonly string[]): string {
  return `${urls.slice(0, -1).join(", ")} or ${urls.at(-1)}`;
}

/** The addresses that an account's data may be at, when it is not at this host. */
function otherRegions(host: string): string {
  return oneOf([...REGIONAL_URLS, DEFAULT_URL].filter((url) => url !== `https://${host}`));
}

/** In the wrong region the exchange works, and what stands in front of Xray may answer all else with a page. */
function maybeElsewhere(host: string): string {
  return `The data of this account may be in another region: then set "url" to ${otherRegions(host)}.`;
}

/** What a page or nothing at the exchange may mean: the address of Jira, say. Undefined at an address of Xray Cloud. */
function notXray({ baseUrl }: Http): string | undefined {
  if (baseUrl === DEFAULT_URL || REGIONAL_URLS.includes(baseUrl)) return undefined;
  return `Xray Cloud has its own address, which is not that of Jira: leave "url" out. Only for data in a region set it to ${oneOf(REGIONAL_URLS)}.`;
}

const ownWord = ownWords(
  [
    {
      when: isElsewhere,
      failure: "wrong-url",
      title: "Xray data in another region",
      says: "The Xray data of this account is not at {host}.",
      do: (host) => `Set "url" to the region that the data lives in: ${otherRegions(host)}.`,
    },
    {
      when: (answer) => saysOne(answer, /licen[cs]e/i),
      failure: "forbidden",
      title: "Xray licence not valid",
      says: "Xray at {host} says that its licence is not valid.",
      do: "A Jira administrator has to renew it.",
    },
    {
      when: (answer) => saysOne(answer, /invalid client|authentication failed|invalid jwt/i),
      failure: "refused",
      says: "Xray at {host} refuses the client credentials.",
      do: 'Check "client-id" and "client-secret": an API key of Xray Cloud (Jira > Apps > Xray > API Keys), not a Jira API token and not a key of Xray Server or Data Center.',
    },
  ],
  // With a success a body may hold a secret.
  ({ status, body }) => (status < 300 ? "" : body),
);

function saysOne(answer: Answer, words: RegExp): boolean {
  return errorTexts(answer).some((text) => words.test(text));
}

function notJwt(host: string): Failure {
  return new Failure("bad-response", `What ${host} answered is not the JWT that Xray gives.`, {
    hint: 'Check that "url" is a base URL of Xray Cloud.',
  });
}
