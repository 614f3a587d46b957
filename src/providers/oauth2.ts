import { expiry } from "./kit/expiry.ts";
import { method } from "./method.ts";
import { checkClientAuth } from "./oauth2/client.ts";
import { tellOfHosts } from "./oauth2/discovery.ts";
import { exchange, type Grant } from "./oauth2/exchange.ts";
import * as fields from "./oauth2/fields.ts";
import { type Fields, invalid } from "./oauth2/fields.ts";
import { readSigner } from "./oauth2/key.ts";
import { readParameters } from "./oauth2/parameters.ts";
import { probe } from "./oauth2/probe.ts";
import { isEndpoint, ownsHandle, revoke, revokesWith } from "./oauth2/revoke.ts";
import type { Credential, Provider } from "./provider.ts";

const URN = "urn:ietf:params:oauth:";

/** RFC 6749, section 4.4, whatever proves the client. */
const CLIENT_CREDENTIALS = {
  type: "client_credentials",
  kind: "client",
  parameters: async () => ({}),
  resend: "freely",
  revocable: true,
} as const satisfies Grant;

/** RFC 6749, section 4.3. */
const PASSWORD: Grant = {
  type: "password",
  kind: "password",
  parameters: async ({ username = "", password = "" }) => ({ username, password }),
  resend: "once",
  revocable: true,
};

/** RFC 6749, section 6. With rotation a token that is used twice ends all that came of it, so it is never sent again. */
const REFRESH_TOKEN: Grant = {
  type: "refresh_token",
  kind: "refresh-token",
  parameters: async ({ token = "" }) => ({ refresh_token: token }),
  resend: "unwritten",
  // A server may end the whole grant with the token (RFC 7009, section 2.1), and so the secret that is stored.
  revocable: false,
};

/** RFC 7523, section 2.1. */
const JWT_BEARER: Grant = {
  type: `${URN}grant-type:jwt-bearer`,
  kind: "id-token",
  parameters: async (_given, idToken) => ({ assertion: await idToken() }),
  resend: "freely",
  revocable: true,
};

/** RFC 8693, section 2.1. */
const TOKEN_EXCHANGE: Grant = {
  type: `${URN}grant-type:token-exchange`,
  kind: "id-token",
  parameters: async (_given, idToken) => ({
    subject_token: await idToken(),
    subject_token_type: `${URN}token-type:jwt`,
  }),
  resend: "freely",
  revocable: true,
};

/** What all methods have in common. */
const COMMON = {
  envName: "ACCESS_TOKEN",
  headers: ({ token, parts }: Credential): Record<string, string> =>
    parts?.["token-type"] === "N_A" ? {} : { Authorization: `Bearer ${token}` },
  isWhole: ({ parts }: Credential) => parts?.["probe-url"] === undefined || isEndpoint(parts["probe-url"]),
  probe,
} as const;

/** A method that exchanges by a grant. */
const by = (grant: Grant) => ({
  ...COMMON,
  ending: grant.revocable ? ("revocable" as const) : ("expires" as const),
  check: (given: Fields, url: string) => check(grant, given, url),
  exchange: (given: Fields, http: Parameters<typeof exchange>[2], step: Parameters<typeof exchange>[3]) =>
    exchange(grant, given, http, step),
});

/** Whatever speaks OAuth2: RFC 6749 and what has grown around it. */
export const oauth2: Provider = {
  id: "oauth2",
  name: "OAuth2 server",
  // Of the last but two of them the version stays; of the first the path that RFC 8414 puts behind it.
  pastedTail:
    /^\/\.well-known\/(?:oauth-authorization-server|openid-configuration)(?=\/.)|\/\.well-known(?:\/.*)?$|\/protocol\/openid-connect\/token$|\/oauth2(?=\/v2\.0\/token$)|(?<=\/v2\.0)\/token$|\/oauth2?\/token$|\/connect\/token$|\/v1\/token$/,
  placeWithoutUrl: (given) => given["token-url"] ?? (given.token === undefined ? undefined : given["probe-url"]),
  unrevoked: "names no revocation endpoint",
  byHand: "the settings of the client or the sessions of its user",
  methods: [
    method({ ...by(CLIENT_CREDENTIALS), id: "client-credentials", fields: fields.clientCredentials }),
    method({ ...by(PASSWORD), id: "password", fields: fields.password }),
    method({
      ...by({ ...CLIENT_CREDENTIALS, client: "private-key" }),
      id: "private-key-jwt",
      fields: fields.signedAssertion,
    }),
    method({
      ...COMMON,
      id: "access-token",
      fields: fields.accessToken,
      ending: "ready-made",
      neverRevokes: true,
      async exchange({ token = "", "probe-url": probeUrl }, http, step) {
        tellOfHosts({ "place of the probe": probeUrl }, http, step);
        const parts = probeUrl === undefined ? {} : { "probe-url": new URL(probeUrl).href };
        return { token, expiresAt: expiry({ token }), parts };
      },
    }),
    method({
      ...by(REFRESH_TOKEN),
      id: "refresh-token",
      fields: fields.refreshToken,
      byNameOnly: true,
      neverRevokes: true,
    }),
    method({
      ...by({ ...CLIENT_CREDENTIALS, client: "id-token" }),
      id: "client-assertion",
      fields: fields.idTokenOfClient,
      byNameOnly: true,
    }),
    method({ ...by(JWT_BEARER), id: "jwt-bearer", fields: fields.idTokenOfRun, byNameOnly: true }),
    method({ ...by(TOKEN_EXCHANGE), id: "token-exchange", fields: fields.idTokenOfRun, byNameOnly: true }),
  ],
  revokesWith,
  ownsHandle,
  revoke,
};

/** What the inputs cannot say together; nothing has been sent yet. */
function check({ client, kind }: Grant, given: Fields, url: string): void {
  const parameters = readParameters(given, client === "private-key");
  checkClientAuth(given);
  if (client === "private-key") readSigner(given, parameters);
  // Without an issuer nothing else tells what an assertion is meant for.
  if (url !== "" || given["token-url"] === undefined) return;
  if (client === "private-key" && !parameters.has("assertion-audience")) {
    throw invalid(
      "parameters",
      "lacks assertion-audience, which only an issuer would tell",
      'Set it to what the service wants as `aud`, or give the issuer as "url".',
    );
  }
  if ((client === "id-token" || kind === "id-token") && given["id-token-audience"] === undefined) {
    throw invalid(
      "id-token-audience",
      "is empty, and only an issuer would tell it",
      'Set it to what the service wants as `aud`, or give the issuer as "url".',
    );
  }
}
