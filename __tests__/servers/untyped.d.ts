/** As much of `oidc-provider` as the tests use; the package has no types of its own. */
declare module "oidc-provider" {
  import type { RequestListener } from "node:http";

  /** A client that has proven itself, and what it asks for. */
  interface Context {
    readonly oidc: {
      readonly client: { readonly clientId: string };
      readonly params: Readonly<Record<string, string | undefined>>;
    };
    body: unknown;
  }

  interface Token {
    readonly expiration: number;
    readonly scope: string | undefined;
    readonly tokenType: string;
    /** Keeps it, and gives its value. */
    save(): Promise<string>;
  }

  export default class Provider {
    constructor(issuer: string, configuration: object);
    readonly issuer: string;
    readonly ClientCredentials: new (of: {
      client: object;
      scope: string | undefined;
    }) => Token;
    readonly ReplayDetection: { unique(iss: string, jti: string, exp: number): Promise<boolean> };
    callback(): RequestListener;
    registerGrantType(name: string, handler: (ctx: Context) => Promise<void>, parameters: readonly string[]): void;
  }

  type ErrorOf = new (description: string) => Error;
  export const errors: { readonly InvalidGrant: ErrorOf; readonly InvalidTarget: ErrorOf };
}
