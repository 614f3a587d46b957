// Discovery, client credentials and introspection on one connection, a mask and an output; nothing is checked.
const https = require("node:https");
const fs = require("node:fs");
const os = require("node:os");

const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });

function send(url, method, headers, body, then) {
  const request = https.request(url, { agent, method, headers }, (answer) => {
    let text = "";
    answer.on("data", (chunk) => {
      text += chunk;
    });
    answer.on("end", () => then(JSON.parse(text)));
  });
  request.end(body);
}

const form = {
  "content-type": "application/x-www-form-urlencoded",
  authorization: `Basic ${Buffer.from("a:b").toString("base64")}`,
};
send(`${process.env.URL}/.well-known/openid-configuration`, "GET", {}, undefined, (metadata) => {
  send(metadata.token_endpoint, "POST", form, "grant_type=client_credentials", ({ access_token: token }) => {
    process.stdout.write(`::add-mask::${token}${os.EOL}`);
    send(metadata.introspection_endpoint, "POST", form, `token=${token}`, () => {
      fs.appendFileSync(process.env.GITHUB_OUTPUT, `token=${token}${os.EOL}`);
      agent.destroy();
    });
  });
});
