import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import OAuth2Server, {
  type Client,
  OAuthError,
  Request,
  Response,
  type Token,
  type User,
} from "@node-oauth/oauth2-server";
import { leaks, runMain } from "../kit/support.ts";

/** RFC 6749 lets both be any printable ASCII. */
const CLIENT = { id: "a client id", secret: 's3 cret+&=%C3"' };
const USER = { name: "ci-robot", password: `p%C3 ss"w&rd+1='ü` };

/** ReportPortal's own client, which takes the password grant. */
const UI = { id: "ui", secret: "uiman" };

/** A real OAuth2 server, with a model that keeps its tokens in memory. */
function startModel(): OAuth2Server {
  const tokens = new Map<string, Token>();
  return new OAuth2Server({
    model: {
      async getClient(id: string, secret: string): Promise<Client | false> {
        if (id === CLIENT.id && (secret === CLIENT.secret || secret === null)) {
          return { id, grants: ["client_credentials"], accessTokenLifetime: 36_000 };
        }
        if (id === UI.id && secret === UI.secret) return { id, grants: ["password"] };
        return false;
      },
      async getUserFromClient({ id }: Client): Promise<User> {
        return { name: id };
      },
      async getUser(name: string, password: string): Promise<User | false> {
        return name === USER.name && password === USER.password ? { name } : false;
      },
      async saveToken(token: Token, client: Client, user: User): Promise<Token> {
        const saved = { ...token, client, user };
        tokens.set(saved.accessToken, saved);
        return saved;
      },
      async getAccessToken(token: string): Promise<Token | false> {
        return tokens.get(token) ?? false;
      },
      async validateScope(_user: User, _client: Client, scope?: string[]): Promise<string[]> {
        return scope ?? ["all"];
      },
    },
    accessTokenLifetime: 3600,
  });
}

let server: OAuth2Server;
let url = "";
/** What was asked and answered, such as `POST /oauth2/token/ 200`. */
let exchanges: string[] = [];

const listener = createServer(async (req, res) => {
  const path = req.url ?? "";
  try {
    if (path === "/oauth2/token/" || path === "/uat/sso/oauth/token") return answer(res, await grant(req));
    if (path.startsWith("/restapi/")) return answer(res, await api(req, { data: [] }));
    if (path === "/api/users") return answer(res, await api(req, { id: 42, userId: USER.name }));
    answer(res, { status: 404, headers: {}, body: { error: "not found" } });
  } finally {
    exchanges.push(`${req.method} ${path.replace(/\?.*/, "")} ${res.statusCode}`);
  }
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

function answer(res: ServerResponse, { status, headers, body }: Answer): void {
  res.writeHead(status, { "content-type": "application/json", ...headers });
  res.end(JSON.stringify(body));
}

async function grant(req: IncomingMessage): Promise<Answer> {
  return speak(await read(req), (request, response) => server.token(request, response));
}

async function api(req: IncomingMessage, body: unknown): Promise<Answer> {
  const answered = await speak(await read(req), (request, response) => server.authenticate(request, response));
  return answered.status === 200 ? { ...answered, body } : answered;
}

/** The library's own words, whether it grants or throws. */
async function speak(
  request: Request,
  act: (request: Request, response: Response) => Promise<unknown>,
): Promise<Answer> {
  const response = new Response({});
  try {
    await act(request, response);
    return { status: response.status ?? 200, headers: response.headers ?? {}, body: response.body };
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    const body = { error: error.name, error_description: error.message };
    return { status: error.code, headers: response.headers ?? {}, body };
  }
}

async function read(req: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  const body = Object.fromEntries(new URLSearchParams(text));
  return new Request({
    method: req.method ?? "",
    query: {},
    headers: Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, String(value)])),
    body,
  });
}

beforeAll(async () => {
  server = startModel();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
});
afterEach(() => {
  exchanges = [];
});
afterAll(() => {
  listener.closeAllConnections();
  listener.close();
});

describe("QA's exchange with a real OAuth2 server", () => {
  const given = { provider: "qa", "client-id": CLIENT.id, "client-secret": CLIENT.secret };

  test("gets an access token by client credentials, which the same server accepts", async () => {
    const main = await runMain({ ...given, url });
    expect(main.outputs).toMatchObject({
      token: expect.stringMatching(/^[0-9a-f]{64}$/),
      authorization: `Bearer ${main.outputs.token}`,
      probe: "accepted",
      failure: "",
    });
    expect(Number(main.outputs["expires-in"])).toBeLessThanOrEqual(36_000);
    expect(Number(main.outputs["expires-in"])).toBeGreaterThan(35_400);
    expect(exchanges).toEqual(["POST /oauth2/token/ 200", "GET /restapi/v1/organizations/accounts/teams/ 200"]);
    expect(leaks(main, [CLIENT.secret, main.outputs.token ?? ""])).toEqual([]);
  });

  test.each([
    { what: "a wrong secret", wrong: { "client-secret": "another-secret" }, failure: "refused" },
    { what: "an unknown client", wrong: { "client-id": "nobody" }, failure: "refused" },
    {
      what: "a client that may not use this grant",
      wrong: { "client-id": UI.id, "client-secret": UI.secret },
      failure: "forbidden",
    },
  ])("$what is $failure in one attempt", async ({ wrong, failure }) => {
    const main = await runMain({ ...given, ...wrong, url });
    expect(main.outputs.failure).toBe(failure);
    expect(main.env).toEqual({});
    expect(exchanges).toEqual(["POST /oauth2/token/ 400"]);
  });
});

describe("ReportPortal's password grant with a real OAuth2 server", () => {
  const given = { provider: "reportportal", method: "password", username: USER.name, password: USER.password };

  test("gets an access token for the user, with the client in the Basic header", async () => {
    const main = await runMain({ ...given, url });
    expect(main.outputs).toMatchObject({ account: "ci-robot", probe: "accepted", failure: "" });
    expect(Number(main.outputs["expires-in"])).toBeLessThanOrEqual(3600);
    expect(Number(main.outputs["expires-in"])).toBeGreaterThan(3000);
    expect(exchanges).toEqual(["POST /uat/sso/oauth/token 200", "GET /api/users 200"]);
    // The refresh token that comes along is nobody's business, and masked like the access token.
    const minted = main.masks.filter((mask) => /^[0-9a-f]{64}$/.test(mask));
    expect(minted).toHaveLength(2);
    expect(leaks(main, [USER.password, ...minted])).toEqual([]);
  });

  test.each([
    { what: "a wrong password", wrong: { password: "another-password" }, status: 400 },
    { what: "an unknown user", wrong: { username: "nobody" }, status: 400 },
    { what: "a wrong client", wrong: { "client-id": "ui", "client-secret": "another-secret" }, status: 401 },
  ])("$what is refused in one attempt", async ({ wrong, status }) => {
    const main = await runMain({ ...given, ...wrong, url });
    expect(main.outputs.failure).toBe("refused");
    expect(main.env).toEqual({});
    expect(exchanges).toEqual([`POST /uat/sso/oauth/token ${status}`]);
  });

  test("a token that the server does not know is refused by the probe", async () => {
    const token = "0".repeat(64);
    const main = await runMain({ provider: "reportportal", token, url });
    expect(main.outputs).toMatchObject({ failure: "refused", probe: "refused" });
    expect(exchanges).toEqual(["GET /api/users 401"]);
  });
});
