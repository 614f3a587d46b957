import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { inFront, quoted } from "../http/quote.ts";
import { read, schema } from "../text/json.ts";
import { ClientPair } from "./kit/fields.ts";
import { bearer } from "./kit/headers.ts";
import { lacksPermission, noAnswer, refusedOrThrow } from "./kit/judge.ts";
import { errorOf, grant } from "./kit/oauth2.ts";
import { ownWords } from "./kit/refusals.ts";
import { method } from "./method.ts";
import type { Provider, Verdict } from "./provider.ts";

/** Ten hours: QA API, OpenAPI description of the flow `application`. */
const DOCUMENTED_SECONDS = 10 * 3600;

const URLS = ["https://app.qa.com", "https://platform.qa.com", "https://cloudacademy.com"];
const HOSTS = `${URLS.slice(0, -1).join(", ")} or ${URLS.at(-1)}`;

/** The API is one of JSON:API, which negotiates before it authenticates: whoever asks for plain JSON alone may get a 406. */
const API_TYPES = "application/vnd.api+json, application/json;q=0.9";

/** How Django REST framework and its token checks say that they do not know the caller, some of them with 403. */
const UNKNOWN_CALLER =
  /authentication credentials (?:were )?(?:not|missing)|incorrect authentication|(?:invalid|unknown|expired) token|token (?:is|was|has)? ?(?:not valid|invalid|expired)|invalid_token|not_authenticated|authentication_failed/i;

const Page = schema(() => z.union([z.looseObject({}), z.array(z.unknown())]));
const ApiErrors = schema(() => z.object({ errors: z.array(z.unknown()) }));
const Handle = schema(() => z.object({ secret: z.string().check(z.regex(/.{8}/s)) }));

/** QA (Cloud Academy): client credentials for an access token of ten hours, which its key pair can revoke. */
export const qa: Provider = {
  id: "qa",
  name: "QA",
  defaultUrl: "https://app.qa.com",
  aliases: { "cloud-academy": { defaultUrl: "https://cloudacademy.com" } },
  pastedTail: /(?:\/oauth2(?:\/token)?|\/restapi)$/,
  revokesWith: () => ["client-id", "client-secret"],
  byHand:
    "the API settings of your organization (a new key pair revokes the old pair, but may leave its tokens: ask QA's support to end one)",
  methods: [
    method({
      id: "client-credentials",
      fields: ClientPair,
      envName: "QA_TOKEN",
      ending: "revocable",
      headers: bearer,

      async exchange({ "client-id": client_id, "client-secret": client_secret }, http, step) {
        const credential = await grant(
          {
            // Without the trailing slash the service answers 404, or a redirect that loses the body.
            path: "/oauth2/token/",
            form: { grant_type: "client_credentials", client_id, client_secret },
            ownWord,
            mayMean: notQa(http),
            documented: DOCUMENTED_SECONDS,
          },
          http,
          step,
        );
        step.revocable({ secret: credential.token });
        return credential;
      },

      async probe(credential, http, { minted }) {
        const answer = await http.send({
          method: "GET",
          path: "/restapi/v1/organizations/accounts/teams/?page%5Bsize%5D=1",
          headers: { ...bearer(credential), accept: API_TYPES },
        });
        const page = answer.status < 300 ? read(Page, answer.json) : undefined;
        if (page !== undefined && read(ApiErrors, page) === undefined) return { kind: "accepted" };
        return unproven(answer, http.host, minted === "here") ?? refusedOrThrow(answer, http, ownWord);
      },
    }),
  ],

  ownsHandle: (handle) => read(Handle, handle) !== undefined,

  async revoke(handle, http, { given }) {
    const { secret } = z.parse(Handle(), handle);
    const answer = await http.send({
      method: "POST",
      path: "/oauth2/revoke_token/",
      form: { token: secret, client_id: given["client-id"] ?? "", client_secret: given["client-secret"] ?? "" },
    });
    // Unknown paths answer 200 with a page; the real empty answer is typed text/html too, so the body decides.
    if (answer.status === 200 && !answer.isHtml) return { kind: "revoked" };
    return { kind: "failed", answered: whyNotRevoked(answer) };
  },
};

/** The API may live on another of QA's hosts than the token endpoint, so its no says nothing of a token just minted. */
function unproven(answer: Answer, host: string, isFresh: boolean): Verdict | undefined {
  const elsewhere = `QA serves its API on several hosts: set "url" to another of ${HOSTS}.`;
  if (answer.isHtml) {
    const code = answer.status === 401 || answer.status === 403 ? "forbidden" : "wrong-url";
    const hint = [inFront(answer), elsewhere].filter((text) => text !== undefined).join(" ");
    const sentence = `QA at ${host} answered the probe with a page (status ${answer.status}), not with its API.`;
    return noAnswer(new Failure(code, sentence, { hint, ...quoted(answer) }));
  }
  const isUnknown = isUnknownCaller(answer);
  if (answer.status === 403 && !isUnknown) {
    return lacksPermission(
      "QA knows the token, but it may not list the organization's teams.",
      `It takes the key of an enterprise administrator, and another host may serve the API: ${HOSTS}.`,
      quoted(answer).answered,
    );
  }
  const isError = answer.status < 300 && read(ApiErrors, answer.json) !== undefined;
  if (!isUnknown && !isError) return undefined;
  const sentence = `The API of QA at ${host} does not know the token.`;
  const failure = new Failure("refused", sentence, { hint: elsewhere, ...quoted(answer) });
  if (isFresh) return noAnswer(failure);
  return isUnknown ? { kind: "refused", failure: unknownToken(answer, host) } : undefined;
}

/** A 401, or a 403 that says the same: empty and typed `text/html` by one view, in the words of a 401 by another. */
function isUnknownCaller({ status, headers, body }: Answer): boolean {
  if (status === 401) return true;
  if (status !== 403) return false;
  if (body.trim() === "" && /\bhtml\b/i.test(headers["content-type"] ?? "")) return true;
  return UNKNOWN_CALLER.test(body) || UNKNOWN_CALLER.test(headers["www-authenticate"] ?? "");
}

function unknownToken(answer: Answer, host: string): Failure {
  return new Failure("refused", `QA at ${host} does not know the token.`, {
    hint: `It has expired or was revoked, or "url" is another of QA's hosts than the one that minted it: ${HOSTS}.`,
    ...quoted(answer),
  });
}

/** What a page or nothing at the exchange may mean. Undefined at an address of QA's own. */
function notQa({ baseUrl }: Http): string | undefined {
  if (URLS.includes(baseUrl)) return undefined;
  return `QA has its own addresses: leave "url" out, or set it to the one of ${HOSTS} that you sign in at.`;
}

const ownWord = ownWords(
  [
    {
      when: (answer) => errorOf(answer) === "unauthorized_client",
      failure: "forbidden",
      says: "QA at {host} knows the client, but does not let it use client credentials.",
      do: "Use the key pair of your organization's API settings: this one was made for another way to sign in.",
    },
    {
      when: (answer) => /^invalid_(?:client|grant)$/.test(errorOf(answer)),
      failure: "refused",
      says: "QA at {host} refuses the client credentials.",
      do: 'Check "client-id" and "client-secret": a new key pair, made in the dashboard, revokes the old one.',
    },
  ],
  ({ body }) => body,
);

/** The token lives on in all of these. */
function whyNotRevoked(answer: Answer): string {
  if (!answer.isHtml && (answer.status === 401 || errorOf(answer) === "invalid_client")) {
    return "the key pair has changed since";
  }
  if (answer.status === 404 || (answer.isHtml && answer.status === 200)) return "there is no revocation endpoint there";
  return `${answer.isHtml ? "a page with " : ""}status ${answer.status}`;
}
