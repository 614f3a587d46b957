import * as z from "zod/mini";
import type { Answer, Http } from "../http/http.ts";
import { orAbsent, schema } from "../text/json.ts";
import { expiry } from "./kit/expiry.ts";
import { ClientPair } from "./kit/fields.ts";
import { bearer } from "./kit/headers.ts";
import { judge, lacksPermission, type OwnWord, refusedOrThrow } from "./kit/judge.ts";
import { ownWords, success } from "./kit/refusals.ts";
import { mintedToken } from "./kit/token.ts";
import { method } from "./method.ts";
import type { Provider } from "./provider.ts";

/** "expires after 24 hours": Xray Cloud documentation, REST API. */
const DOCUMENTED_SECONDS = 24 * 3600;

/** For all accounts, and for data in a region: https://docs.getxray.app/pages/viewpage.action?pageId=31622359 */
const DEFAULT_URL = "https://xray.cloud.getxray.app";
const URLS = ["us", "eu", "au"].map((region) => DEFAULT_URL.replace("xray", `${region}.xray`)).concat(DEFAULT_URL);

const JWT = /^[\w-]{2,}(?:\.[\w-]{2,}){2}$/;

const BareString = schema(() => z.string());
const GraphQl = schema(() => z.object({ data: orAbsent(z.object({})), errors: z.optional(z.unknown()) }));

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
        const minted = success(BareString, answer);
        if (minted === undefined) throw judge(answer, http, ownWord, notXray(http));
        secret(minted);
        const token = mintedToken(minted, http);
        if (!JWT.test(token)) throw judge(answer, http, ownWord);
        return { token, expiresAt: expiry({ token, documented: DOCUMENTED_SECONDS }) };
      },

      async probe(credential, http) {
        const mayMean = ({ isHtml }: Answer) => (isHtml ? maybeElsewhere(http) : undefined);
        const answer = await http.send({
          method: "POST",
          path: "/api/v2/graphql",
          headers: bearer(credential),
          json: { query: "{ getTests(limit: 1) { total } }" },
          isFinal: isElsewhere,
          mayMean,
        });
        const result = isElsewhere(answer) ? undefined : success(GraphQl, answer);
        if (result?.errors) {
          return lacksPermission(
            "Xray knows the token, but not every test may be read with it.",
            "If the job needs that, let the user of the API key browse a project with tests.",
            answer.body,
          );
        }
        if (result?.data !== undefined) return { kind: "accepted" };
        return refusedOrThrow(answer, http, ownWord, { mayMean: mayMean(answer) });
      },
    }),
  ],
};

/** Xray says so in several shapes and at whatever status, also where a server fault would have been sent again. */
function isElsewhere({ isHtml, body }: Answer): boolean {
  return (isHtml ? /xray data is in another region/i : /another region/i).test(body);
}

/** In the wrong region the exchange works, and what stands in front of Xray may answer all else with a page. */
function maybeElsewhere({ host }: Pick<Http, "host">): string {
  const others = URLS.filter((url) => url !== `https://${host}`);
  return `The data of this account may be in another region: then set "url" to one of ${others.join(", ")}.`;
}

/** What a page or nothing at the exchange may mean: the address of Jira, say. Undefined at an address of Xray Cloud. */
function notXray({ baseUrl }: Http): string | undefined {
  if (URLS.includes(baseUrl)) return undefined;
  return 'Xray Cloud has its own address, which is not that of Jira: leave "url" out.';
}

const ownWord: OwnWord = (answer, host) =>
  ownWords(
    [
      {
        when: isElsewhere,
        failure: "wrong-url",
        title: "Xray data in another region",
        says: "does not hold the data of this account",
        do: maybeElsewhere({ host }),
      },
      {
        when: says(/licen[cs]e/i),
        failure: "forbidden",
        title: "Xray licence not valid",
        says: "says that its licence is not valid",
        do: "A Jira administrator has to renew it.",
      },
      {
        when: says(/invalid client|authentication failed|invalid jwt/i),
        do: 'Check "client-id" and "client-secret": an API key of Xray Cloud (Jira > Apps > Xray > API Keys), not one of Jira or of Data Center.',
      },
    ],
    "Xray",
  )(answer, host);

/** Whether these words stand in an answer, in JSON of whatever shape or in plain text. */
function says(words: RegExp) {
  return ({ isHtml, body }: Answer): boolean => !isHtml && words.test(body);
}
