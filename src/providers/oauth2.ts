import type * as z from "zod/mini";
import type { Schema } from "../text/json.ts";
import { expiry } from "./kit/expiry.ts";
import { takesBack } from "./kit/handles.ts";
import { method } from "./method.ts";
import { checkClientAuth, isEndpoint } from "./oauth2/client.ts";
import { tellOfHost } from "./oauth2/discovery.ts";
import { exchange, type Grant, isRevocable, probePart } from "./oauth2/exchange.ts";
import * as fields from "./oauth2/fields.ts";
import { type Fields, invalid } from "./oauth2/fields.ts";
import { readSigner } from "./oauth2/key.ts";
import { readParameters } from "./oauth2/parameters.ts";
import { probe } from "./oauth2/probe.ts";
import { Revocable, revoke, revokesWith } from "./oauth2/revoke.ts";
import type { Credential, Method, MethodFacts, Provider } from "./provider.ts";

const URN = "urn:ietf:params:oauth:";

/** RFC 6749, section 4.4, whatever proves the client. */
const CLIENT_CREDENTIALS = {
  type: "client_credentials",
  kind: "client",
  parameters: () => ({}),
} as const satisfies Grant;

/** RFC 6749, section 4.3. */
const PASSWORD: Grant = {
  type: "password",
  kind: "password",
  resend: "once",
  parameters: ({ username = "", password = "" }) => ({ username, password }),
};

/** RFC 6749, section 6. With rotation a token that is used twice ends all that came of it, so it is never sent again. */
const REFRESH_TOKEN: Grant = {
  type: "refresh_token",
  kind: "refresh-token",
  resend: "unwritten",
  parameters: ({ token = "" }) => ({ refresh_token: token }),
};

/** RFC 7523, section 2.1. */
const JWT_BEARER: Grant = {
  type: `${URN}grant-type:jwt-bearer`,
  kind: "id-token",
  parameters: async (_given, idToken) => ({ assertion: await idToken() }),
};

/** RFC 8693, section 2.1. */
const TOKEN_EXCHANGE: Grant = {
  type: `${URN}grant-type:token-exchange`,
  kind: "id-token",
  parameters: async (_given, idToken) => ({
    subject_token: await idToken(),
    subject_token_type: `${URN}token-type:jwt`,
  }),
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
function by(grant: Grant, id: string, fields: Schema<z.ZodMiniType<Fields>>, more: Partial<MethodFacts> = {}): Method {
  return method({
    ...COMMON,
    id,
    fields,
    ending: isRevocable(grant) ? "revocable" : "expires",
    check: (given, url) => check(grant, given, url),
    exchange: (given, http, step) => exchange(grant, given, http, step),
    ...more,
  });
}

/** Whatever speaks OAuth2: RFC 6749 and what has grown around it. */
export const oauth2: Provider = {
  id: "oauth2",
  name: "OAuth2 server",
  // Of the third and the fourth the version stays; of the first the path that RFC 8414 puts behind it.
  pastedTail:
    /^\/\.well-known\/[^/]+(?=\/.)|\/\.well-known(?:\/.*)?$|\/oauth2(?=\/v2\.0\/token$)|(?<=\/v2\.0)\/token$|\/(?:protocol\/openid-connect|oauth2?|connect|v1)\/token$/,
  placeWithoutUrl: (given) => given["token-url"] ?? (given.token === undefined ? undefined : given["probe-url"]),
  unrevoked: "names no revocation endpoint",
  byHand: "the settings of the client or the sessions of its user",
  methods: [
    by(CLIENT_CREDENTIALS, "client-credentials", fields.clientCredentials),
    by(PASSWORD, "password", fields.password),
    by({ ...CLIENT_CREDENTIALS, client: "private-key" }, "private-key-jwt", fields.signedAssertion),
    method({
      ...COMMON,
      id: "access-token",
      fields: fields.accessToken,
      ending: "ready-made",
      neverRevokes: true,
      async exchange(given, http, step) {
        const { token = "", "probe-url": probeUrl } = given;
        tellOfHost("place of the probe", probeUrl, http, step);
        return { token, expiresAt: expiry({ token }), parts: probePart(given) };
      },
    }),
    by(REFRESH_TOKEN, "refresh-token", fields.refreshToken, { byNameOnly: true, neverRevokes: true }),
    by({ ...CLIENT_CREDENTIALS, client: "id-token" }, "client-assertion", fields.idTokenOfClient, { byNameOnly: true }),
    by(JWT_BEARER, "jwt-bearer", fields.idTokenOfRun, { byNameOnly: true }),
    by(TOKEN_EXCHANGE, "token-exchange", fields.idTokenOfRun, { byNameOnly: true }),
  ],
  revokesWith,
  ...takesBack(Revocable, revoke),
};

/** What the inputs cannot say together; nothing has been sent yet. */
function check({ client, kind }: Grant, given: Fields, url: string): void {
  const isSigned = client === "private-key";
  const { signing } = readParameters(given, isSigned);
  checkClientAuth(given);
  if (isSigned) readSigner(given, signing);
  // Without an issuer nothing else tells what an assertion is meant for.
  if (url !== "" || given["token-url"] === undefined) return;
  const hint = 'Set it to what the service wants as `aud`, or give the issuer as "url".';
  if (isSigned && !signing.has("assertion-audience")) throw invalid("parameters", "lacks assertion-audience", hint);
  if ((client === "id-token" || kind === "id-token") && given["id-token-audience"] === undefined) {
    throw invalid("id-token-audience", "is empty", hint);
  }
}
