import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Answer } from "../http/http.ts";
import { read, schema } from "../read.ts";
import { expiry } from "./expiry.ts";
import { judge, lacksPermission, refusedOrThrow } from "./judge.ts";
import { method, type Provider } from "./provider.ts";
import { mintedToken } from "./token.ts";

/** "expires after 24 hours": Xray Cloud documentation, REST API. */
const DOCUMENTED_SECONDS = 24 * 3600;

/** https://docs.getxray.app/pages/viewpage.action?pageId=31622359 */
const REGIONS =
  "https://us.xray.cloud.getxray.app, https://eu.xray.cloud.getxray.app or https://au.xray.cloud.getxray.app";

const JWT = /^[\w-]{2,}(?:\.[\w-]{2,}){2}$/;

const BareString = schema(() => z.string());
const Data = schema(() => z.looseObject({}));
const ErrorBody = schema(() => z.object({ error: z.string() }));
const GraphQl = schema(() => z.object({ data: z.optional(z.unknown()), errors: z.optional(z.unknown()) }));

/** Xray Cloud: client credentials for a JWT. There is no refresh and no revocation. */
export const xray: Provider = {
  id: "xray",
  name: "Xray Cloud",
  defaultUrl: "https://xray.cloud.getxray.app",
  confusedWith: { name: "Jira", hosts: /(?:^|\.)(?:atlassian\.(?:net|com)|jira\.com)$/, named: /\bjira\b/ },
  pastedTail: /\/api\/v[12](?:\/authenticate|\/graphql)?$/,
  byHand: "Jira > Apps > Xray > API Keys",
  methods: [
    method({
      id: "client-credentials",
      needs: ["client-id", "client-secret"],
      envName: "XRAY_TOKEN",
      ending: "expires",
      headers: ({ token }) => ({ Authorization: `Bearer ${token}` }),

      async exchange(credentials, http, { secret }) {
        const answer = await http.send({
          method: "POST",
          path: "/api/v2/authenticate",
          json: { client_id: credentials["client-id"], client_secret: credentials["client-secret"] },
        });
        // The body is a bare JSON string: exactly one layer of JSON comes off.
        const minted = answer.status < 300 ? read(BareString, answer.json) : undefined;
        if (minted === undefined) throw judge(answer, http, ownWord);
        secret(minted);
        const token = mintedToken(minted, http);
        if (!JWT.test(token)) throw notJwt(http.host);
        return { token, expiresAt: expiry({ token, documented: DOCUMENTED_SECONDS }) };
      },

      async probe({ token }, http) {
        const answer = await http.send({
          method: "POST",
          path: "/api/v2/graphql",
          headers: { authorization: `Bearer ${token}` },
          json: { query: "{ getTests(limit: 1) { total } }" },
        });
        const result = answer.status < 300 ? read(GraphQl, answer.json) : undefined;
        if (result?.errors !== undefined && result.errors !== null) {
          const own = ownWord(answer, http.host);
          if (own?.code === "wrong-url") throw own;
          return lacksPermission(
            "Xray knows the token, but not every test may be read with it.",
            "Give the user of the API key the permission to browse a project with tests, if the job needs it.",
            answer.body,
          );
        }
        return read(Data, result?.data) === undefined ? refusedOrThrow(answer, http, ownWord) : { kind: "accepted" };
      },
    }),
  ],
};

function ownWord(answer: Answer, host: string): Failure | undefined {
  if (answer.isHtml) return undefined;
  const text = read(ErrorBody, answer.json)?.error ?? answer.body;
  const answered = answer.status < 300 ? "" : answer.body;
  if (/another region/i.test(text)) {
    return new Failure("wrong-url", `The Xray data of this account is not at ${host}.`, {
      title: "Xray data in another region",
      hint: `Set "url" to the region that the data lives in: ${REGIONS}.`,
      answered,
    });
  }
  if (/licen[cs]e/i.test(text)) {
    return new Failure("forbidden", `Xray at ${host} says that its licence is not valid.`, {
      title: "Xray licence not valid",
      hint: "A Jira administrator has to renew the licence of the Xray app.",
      answered,
    });
  }
  if (/invalid client|authentication failed|invalid jwt/i.test(text)) {
    return new Failure("refused", `Xray at ${host} refuses the client credentials.`, {
      hint: 'Check "client-id" and "client-secret": an API key of Xray Cloud (Jira > Apps > Xray > API Keys), not a Jira API token and not a key of Xray Server or Data Center.',
      answered,
    });
  }
  return undefined;
}

function notJwt(host: string): Failure {
  return new Failure("bad-response", `What ${host} answered is not the JWT that Xray gives.`, {
    hint: 'Check that "url" is a base URL of Xray Cloud.',
  });
}
