import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Answer } from "../http/http.ts";
import { quoted } from "../http/quote.ts";
import { flawless, schema } from "../text/json.ts";
import { ClientPair, Secret } from "./kit/fields.ts";
import { takesBack } from "./kit/handles.ts";
import { bearer } from "./kit/headers.ts";
import { failed, inconclusive, judge, lacksPermission, notRevoked, refusedOrThrow } from "./kit/judge.ts";
import { clientWords, grant } from "./kit/oauth2.ts";
import { success } from "./kit/refusals.ts";
import { spoken } from "./kit/said.ts";
import { method } from "./method.ts";
import type { Provider, Revocation } from "./provider.ts";

/** Ten hours: QA API, OpenAPI description of the flow `application`. */
const DOCUMENTED_SECONDS = 10 * 3600;

const DEFAULT_URL = "https://app.qa.com";
const ACADEMY_URL = "https://cloudacademy.com";
const URLS = [DEFAULT_URL, "https://platform.qa.com", ACADEMY_URL];

/** The API may live on another of QA's hosts than the token endpoint, so its no says nothing of a token just minted. */
const HOSTS = `QA has several hosts: leave "url" out, or set it to the one of ${URLS.join(", ")} that serves your organization.`;

/** The API is one of JSON:API, which negotiates before it authenticates: whoever asks for plain JSON alone may get a 406. */
const API_TYPES = "application/vnd.api+json, application/json;q=0.9";

/** How Django REST framework and its token checks say that they do not know the caller, some of them with 403. */
const UNKNOWN_CALLER =
  /authentication (?:credentials|failed)|authentication_failed|not_authenticated|(?:invalid|unknown|expired)[ _]token|token.{0,5}[ _](?:not[ _]valid|invalid|expired)/i;

/** What the API answers to a caller it knows: a success without `errors`. */
const Page = schema(() => z.unknown().check(flawless((page) => (isPage(page) ? undefined : "it is no page"))));

function isPage(json: unknown): boolean {
  return typeof json === "object" && json !== null && (!("errors" in json) || json.errors === null);
}

/** Errors under the status of a success. */
const ApiErrors = schema(() => z.object({ errors: z.array(z.unknown()) }));
const Handle = schema(() => z.object({ secret: Secret() }));

/** QA (Cloud Academy): client credentials for an access token of ten hours, which its key pair can revoke. */
export const qa: Provider = {
  id: "qa",
  name: "QA",
  defaultUrl: DEFAULT_URL,
  aliases: { "cloud-academy": { defaultUrl: ACADEMY_URL } },
  pastedTail: /(?:\/oauth2(?:\/token)?|\/restapi)$/,
  revokesWith: () => ["client-id", "client-secret"],
  byHand: "the API settings of your organization (a new key pair may leave its tokens: ask QA's support to end one)",
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
            // A page or nothing at an address of QA's own is no matter of the address.
            mayMean: URLS.includes(http.baseUrl) ? undefined : HOSTS,
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
        if (success(Page, answer) !== undefined) return { kind: "accepted" };
        if (answer.isHtml || success(ApiErrors, answer)) return inconclusive(judge(answer, http, ownWord, HOSTS));
        if (isUnknownCaller(answer)) {
          const sentence = `QA at ${http.host} does not know the token.`;
          const failure = new Failure("refused", sentence, { hint: HOSTS, ...quoted(answer) });
          return minted === "here" ? inconclusive(failure) : { kind: "refused", failure };
        }
        if (answer.status !== 403) return refusedOrThrow(answer, http, ownWord);
        return lacksPermission(
          "QA knows the token, but it may not list the organization's teams.",
          `That takes the key of an enterprise administrator. ${HOSTS}`,
          quoted(answer).answered,
        );
      },
    }),
  ],

  ...takesBack(Handle, async ({ secret }, http, { given }) => {
    const answer = await http.send({
      method: "POST",
      path: "/oauth2/revoke_token/",
      form: { token: secret, client_id: given["client-id"] ?? "", client_secret: given["client-secret"] ?? "" },
    });
    return revoked(answer);
  }),
};

/** A 401, or a 403 that says the same: empty and typed `text/html` by one view, in the words of a 401 by another. */
function isUnknownCaller({ status, headers, body }: Answer): boolean {
  if (status !== 403) return status === 401;
  const isEmptyPage = body.trim() === "" && /\bhtml\b/i.test(headers["content-type"] ?? "");
  return isEmptyPage || UNKNOWN_CALLER.test(`${body} ${headers["www-authenticate"]}`);
}

const ownWord = clientWords("QA", "a new key pair, made in the dashboard, revokes the old one.");

/** Unknown paths answer 200 with a page; the real empty answer is typed text/html too, so the body decides. */
function revoked(answer: Answer): Revocation {
  const { isHtml, status } = answer;
  if (!isHtml && status === 200) return { kind: "revoked" };
  if (!isHtml && (status === 401 || spoken(answer).error === "invalid_client")) {
    return failed("the key pair has changed since");
  }
  return status === 404 || status === 200 ? failed("there is no revocation endpoint there") : notRevoked(answer);
}
