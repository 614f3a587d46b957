import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { leaks, runAction } from "../kit/support.ts";
import { type OidcProvider, startOidcProvider } from "./oidc-provider.ts";

const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256 = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed25519 = () => generateKeyPairSync("ed25519");

/** What signs, with each algorithm and in each way of writing it. */
const KEYS = [
  { alg: "RS256", form: "PEM", generate: rsa },
  { alg: "RS256", form: "a JWK", generate: rsa },
  { alg: "PS256", form: "PEM", generate: rsa },
  { alg: "PS256", form: "a JWK", generate: rsa },
  { alg: "ES256", form: "PEM", generate: p256 },
  { alg: "ES256", form: "a JWK", generate: p256 },
  { alg: "EdDSA", form: "PEM", generate: ed25519 },
  { alg: "EdDSA", form: "a JWK", generate: ed25519 },
] as const;
type Kind = (typeof KEYS)[number];

describe("the assertions of a client, as a real oidc-provider verifies them", () => {
  let server: OidcProvider;
  beforeAll(async () => {
    server = await startOidcProvider({ issuer: "https://token.example", repository: "octo-org/octo-repo" });
  });
  afterAll(() => server?.stop());

  test.each(KEYS)("$alg by a key in $form is good for the token, its introspection and its end", async (kind) => {
    const id = `signs by ${kind.alg}/in ${kind.form}+1`;
    const { publicKey, privateKey } = kind.generate();
    server.registerKey(id, { ...publicKey.export({ format: "jwk" }), kid: id }, kind.alg);
    const key = written(privateKey, kind);
    let whileItRuns = false;
    const { main, post } = await runAction(
      {
        provider: "oauth2",
        method: "private-key-jwt",
        url: server.issuer,
        scope: "ci",
        "client-id": id,
        "private-key": key,
        // An RSA key does not tell which of two it is for.
        ...(kind.alg === "PS256" && { parameters: "assertion-algorithm=PS256" }),
      },
      {
        between: ({ outputs }) => {
          whileItRuns = server.isAlive(outputs.token ?? "");
        },
      },
    );
    expect(main).toMatchObject({ exitCode: 0, outputs: { probe: "accepted", failure: "" } });
    expect(whileItRuns).toBe(true);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(server.isAlive(main.outputs.token ?? "")).toBe(false);
    for (const stage of [main, post]) expect(stage && leaks(stage, [key])).toEqual([]);
  });
});

function written(key: KeyObject, { form }: Kind): string {
  if (form === "a JWK") return JSON.stringify(key.export({ format: "jwk" }));
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}
