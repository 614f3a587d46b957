/** The certificates that the other tests show and trust are what they are said to be, in the eyes of Node's own TLS. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, test } from "@jest/globals";
import { type Certificate, createAuthority, type Issuing, selfSigned } from "./certificates.ts";

const DAY = 24 * 3_600_000;
const now = Date.now();
const root = createAuthority("Root");
const middle = root.intermediate("Middle");

/** How a client that trusts the root takes a server that shows this: nothing, or the code of what is wrong. */
async function verdict(shown: Certificate, { host = "localhost", ca = root.cert } = {}): Promise<string> {
  const server = createServer({ key: shown.key, cert: shown.cert, ciphers: "DEFAULT@SECLEVEL=0" }, (socket) =>
    socket.end(),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: "127.0.0.1", port, servername: host, ca });
  client.on("data", () => {});
  try {
    return await new Promise((done) => {
      client.on("secureConnect", () => done("trusted"));
      client.on("error", (error: NodeJS.ErrnoException) =>
        done(error.code === "UNSPECIFIED" ? error.message : `${error.code}`),
      );
    });
  } finally {
    client.destroy();
    server.close();
  }
}

describe("a certificate", () => {
  test.each<[what: string, shown: Certificate, says: string]>([
    ["of the root", root.issue(["localhost"]), "trusted"],
    ["with several names", root.issue(["a.example.com", "*.example.com", "localhost"]), "trusted"],
    ["with an RSA key", root.issue(["localhost"], { rsa: true }), "trusted"],
    ["below an intermediate that is not shown", middle.issue(["localhost"]), "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["that has expired", root.issue(["localhost"], { from: now - 3 * DAY, until: now - DAY }), "CERT_HAS_EXPIRED"],
    [
      "that is not valid yet",
      root.issue(["localhost"], { from: now + DAY, until: now + 3 * DAY }),
      "CERT_NOT_YET_VALID",
    ],
    ["for another host", root.issue(["other.example.com"]), "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["that vouches for itself", selfSigned(["localhost"]), "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["of a stranger", createAuthority("Stranger").issue(["localhost"]), "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["of a stranger of the same name", createAuthority("Root").issue(["localhost"]), "CERT_SIGNATURE_FAILURE"],
    ["signed with SHA-1", root.issue(["localhost"], { weak: "digest" }), "CA signature digest algorithm too weak"],
    ["with a short key", root.issue(["localhost"], { weak: "key" }), "EE certificate key too weak"],
    ["made for a client", root.issue(["localhost"], { client: true }), "INVALID_PURPOSE"],
  ])("%s", async (_, shown, says) => expect(await verdict(shown)).toBe(says));

  test("below an intermediate that the server shows", async () => {
    const leaf = middle.issue(["localhost"]);
    expect(await verdict({ key: leaf.key, cert: leaf.cert + middle.cert })).toBe("trusted");
  });

  test("of an authority with an RSA key, signed with SHA-1 too", async () => {
    const old = createAuthority("Old", { rsa: true });
    expect(await verdict(old.issue(["localhost"]), { ca: old.cert })).toBe("trusted");
    expect(await verdict(old.issue(["localhost"], { weak: "digest" }), { ca: old.cert })).toBe(
      "CA signature digest algorithm too weak",
    );
  });

  test.each<Issuing>([{}, { rsa: true }])("belongs to its key: %j", (issuing) => {
    const { key, cert } = root.issue(["localhost", "192.0.2.7", "2001:db8::7"], issuing);
    const parsed = new X509Certificate(cert);
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(parsed.checkIssued(new X509Certificate(root.cert))).toBe(true);
    expect([parsed.checkIP("192.0.2.7"), parsed.checkIP("2001:db8::7"), parsed.checkHost("localhost")]).toEqual([
      "192.0.2.7",
      "2001:db8::7",
      "localhost",
    ]);
    expect([parsed.ca, new X509Certificate(middle.cert).ca]).toEqual([false, true]);
  });
});

test("a client is known by a certificate of the root, and by no other", async () => {
  const server = createServer({
    ...root.issue(["localhost"]),
    ca: root.cert,
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const known = async (own: Certificate): Promise<unknown> => {
    const client = connect({ ...own, host: "127.0.0.1", port, servername: "localhost", ca: root.cert });
    const [socket]: TLSSocket[] = await once(server, "secureConnection");
    client.destroy();
    return socket?.authorized === true ? socket.getPeerCertificate().subject.CN : false;
  };
  try {
    expect(await known(root.issue(["ci-robot"], { client: true }))).toBe("ci-robot");
    expect(await known(createAuthority("Stranger").issue(["ci-robot"], { client: true }))).toBe(false);
  } finally {
    server.close();
  }
});
