// The same through a proxy, and trusting one certificate beside those that Node trusts by itself.
const http = require("node:http");
const https = require("node:https");
const tls = require("node:tls");
const fs = require("node:fs");
const os = require("node:os");

const { URL: url, PROXY: proxy, CA: own } = process.env;
const ca = [...tls.getCACertificates("default"), own];

http
  .request(proxy, { method: "CONNECT", path: url.slice("https://".length) })
  .on("connect", (_, socket) =>
    exchange(new https.Agent({ keepAlive: true, maxSockets: 1 }), tls.connect({ socket, ca, host: "127.0.0.1" })),
  )
  .end();

function exchange(agent, tunnel) {
  agent.createConnection = () => tunnel;
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const grant = "grant_type=client_credentials&client_id=a&client_secret=b";
  send(agent, "/oauth2/token/", "POST", form, grant, ({ access_token: token }) => {
    process.stdout.write(`::add-mask::${token}${os.EOL}`);
    send(
      agent,
      "/restapi/v1/organizations/accounts/teams/?page%5Bsize%5D=1",
      "GET",
      { authorization: `Bearer ${token}` },
      undefined,
      () => {
        fs.appendFileSync(process.env.GITHUB_OUTPUT, `token=${token}${os.EOL}`);
        agent.destroy();
      },
    );
  });
}

function send(agent, path, method, headers, body, then) {
  const request = https.request(url + path, { agent, method, headers }, (answer) => {
    let text = "";
    answer.on("data", (chunk) => {
      text += chunk;
    });
    answer.on("end", () => then(JSON.parse(text)));
  });
  request.end(body);
}
