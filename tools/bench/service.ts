import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority } from "../../__tests__/kit/certificates.ts";

/** A service behind TLS, and a proxy that leads to it. */
export interface Place {
  readonly url: string;
  readonly proxy: string;
  /** The certificate of who signed that of the service, in PEM, and the file that holds it. */
  readonly authority: string;
  readonly authorityFile: string;
  /** What the service heard since it was asked last: method, path, and a number for the connection, from 1. */
  heard(): string[];
  close(): void;
}

/** Starts what answers as QA and as an authorization server do, with as little work as can be. */
export async function startPlace(): Promise<Place> {
  const authority = createAuthority("Bench");
  let url = "";
  const service = createSecureServer(
    { ...authority.issue(["127.0.0.1"]) },
    answering(() => url),
  );
  let heard: string[] = [];
  let connections = 0;
  service.on("secureConnection", () => connections++);
  service.on("request", ({ method, url: path }) => heard.push(`${method} ${path} ${connections}`));
  const proxy = createServer().on("connect", (request, client) => {
    const [host, port] = (request.url ?? "").split(":");
    const target = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      client.pipe(target).pipe(client);
    });
    for (const end of [client, target]) end.on("error", () => {});
  });
  const listening = (server: typeof service | typeof proxy) =>
    new Promise<number>((done) => server.listen(0, "127.0.0.1", () => done((server.address() as AddressInfo).port)));
  url = `https://127.0.0.1:${await listening(service)}`;
  const proxyUrl = `http://127.0.0.1:${await listening(proxy)}`;
  const folder = mkdtempSync(join(tmpdir(), "bench-place-"));
  const authorityFile = join(folder, "authority.pem");
  writeFileSync(authorityFile, authority.cert);
  return {
    url,
    proxy: proxyUrl,
    authority: authority.cert,
    authorityFile,
    heard() {
      const since = heard;
      [heard, connections] = [[], 0];
      return since;
    },
    close() {
      rmSync(folder, { recursive: true, force: true });
      for (const server of [service, proxy]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

function answering(url: () => string): RequestListener {
  const token = {
    access_token: "kJ8sT2vWq9XzR4mNbP7cLd3FgH6yEa",
    expires_in: 36_000,
    token_type: "Bearer",
    scope: "all",
  };
  const metadata = () => ({
    issuer: url(),
    token_endpoint: `${url()}/token`,
    introspection_endpoint: `${url()}/introspect`,
    token_endpoint_auth_methods_supported: ["client_secret_basic"],
  });
  const answers: Readonly<Record<string, () => string>> = {
    "/oauth2/token/": () => JSON.stringify(token),
    "/oauth2/revoke_token/": () => "",
    "/.well-known/openid-configuration": () => JSON.stringify(metadata()),
    "/token": () => JSON.stringify(token),
    "/introspect": () => '{"active":true}',
  };
  return (request, response) => {
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end((answers[request.url ?? ""] ?? (() => '{"data":[]}'))());
    });
  };
}
