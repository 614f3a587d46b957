import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Answer } from "../http/http.ts";
import { read, schema } from "../read.ts";
import { expiry } from "./expiry.ts";
import { judge, refusedOrThrow } from "./judge.ts";
import { method, type Provider, type Verdict } from "./provider.ts";
import { readTokenResponse } from "./token.ts";

/** Ten hours: QA API, OpenAPI description of the flow `application`. */
const DOCUMENTED_SECONDS = 10 * 3600;

const HOSTS = "https://app.qa.com, https://platform.qa.com or https://cloudacademy.com";

const OAuthError = schema(() => z.object({ error: z.string() }));
const Page = schema(() => z.union([z.looseObject({}), z.array(z.unknown())]));
const ApiErrors = schema(() => z.object({ errors: z.array(z.unknown()) }));
const Handle = schema(() => z.object({ secret: z.string().check(z.minLength(8)) }));

/** QA (Cloud Academy): client credentials for an access token of ten hours, which its key pair can revoke. */
export const qa: Provider = {
  id: "qa",
  name: "QA",
  defaultUrl: "https://app.qa.com",
  aliases: { "cloud-academy": { defaultUrl: "https://cloudacademy.com" } },
  pastedTail: /(?:\/oauth2(?:\/token)?|\/restapi)$/,
  revokesWithClient: true,
  byHand: "the API settings of your organization (a new key pair revokes the old one and its tokens)",
  methods: [
    method({
      id: "client-credentials",
      needs: ["client-id", "client-secret"],
      envName: "QA_TOKEN",
      ending: "revocable",
      headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),

      async exchange(credentials, http, { secret, revocable }) {
        const answer = await http.send({
          method: "POST",
          // Without the trailing slash the service answers 404, or a redirect that loses the body.
          path: "/oauth2/token/",
          form: {
            grant_type: "client_credentials",
            client_id: credentials["client-id"],
            client_secret: credentials["client-secret"],
          },
        });
        const minted = readTokenResponse(answer, http, secret);
        if (minted === undefined) throw judge(answer, http, ownWord);
        const { accessToken: token, expiresIn } = minted;
        revocable({ secret: token });
        return { token, isFresh: true, expiresAt: expiry({ token, expiresIn, documented: DOCUMENTED_SECONDS }) };
      },

      async probe({ token, isFresh }, http) {
        const answer = await http.send({
          method: "GET",
          path: "/restapi/v1/organizations/accounts/teams/?page%5Bsize%5D=1",
          headers: { authorization: `Bearer ${token}` },
        });
        const page = answer.status < 300 ? read(Page, answer.json) : undefined;
        if (page !== undefined && read(ApiErrors, page) === undefined) return { kind: "accepted" };
        return unproven(answer, http.host, isFresh === true) ?? refusedOrThrow(answer, http, ownWord);
      },
    }),
  ],

  ownsHandle: (handle) => read(Handle, handle) !== undefined,

  async revoke(handle, http, client) {
    const { secret } = z.parse(Handle(), handle);
    const answer = await http.send({
      method: "POST",
      path: "/oauth2/revoke_token/",
      form: { token: secret, client_id: client["client-id"] ?? "", client_secret: client["client-secret"] ?? "" },
    });
    // Unknown paths answer 200 with a page; the real empty answer is typed text/html too, so the body decides.
    if (answer.status === 200 && !answer.isHtml) return { kind: "revoked" };
    return { kind: "failed", answered: whyNotRevoked(answer) };
  },
};

/** The API may live on another of QA's hosts than the token endpoint, so its no says nothing of a token just minted. */
function unproven(answer: Answer, host: string, isFresh: boolean): Verdict | undefined {
  const answered = answer.isHtml ? "" : answer.body;
  const inconclusive = (lacks: "permission" | "answer", failure: Failure): Verdict => ({
    kind: "inconclusive",
    lacks,
    failure,
  });
  if (answer.status === 403) {
    return inconclusive(
      "permission",
      new Failure("forbidden", "QA knows the token, but it may not list the organization's teams.", {
        hint: `Only keys of an enterprise administrator may call this API, and QA serves it on several hosts: ${HOSTS}.`,
        answered,
      }),
    );
  }
  const isRefused = answer.status === 401 || (answer.status < 300 && read(ApiErrors, answer.json) !== undefined);
  if (!answer.isHtml && !(isRefused && isFresh)) return undefined;
  const code = isRefused ? "refused" : "wrong-url";
  return inconclusive(
    "answer",
    new Failure(code, `QA at ${host} has no API that knows the token.`, {
      hint: `QA serves its API on several hosts: set "url" to another of ${HOSTS}.`,
      answered,
    }),
  );
}

function ownWord(answer: Answer, host: string): Failure | undefined {
  const error = read(OAuthError, answer.json)?.error;
  if (error !== "invalid_client" && error !== "invalid_grant" && error !== "unauthorized_client") return undefined;
  return new Failure("refused", `QA at ${host} refuses the client credentials.`, {
    hint: 'Check "client-id" and "client-secret": creating a new key pair in the dashboard revokes the old one, so someone may have done that.',
    answered: answer.body,
  });
}

function whyNotRevoked(answer: Answer): string {
  if (answer.isHtml || answer.status === 404) return "there is no revocation endpoint there";
  if (answer.status === 401) return "the key pair has changed since";
  return `status ${answer.status}`;
}
