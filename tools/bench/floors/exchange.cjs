// A grant and one more request on its connection, a mask and an output; nothing is checked.
const https = require("node:https");
const fs = require("node:fs");
const os = require("node:os");

const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });

function send(path, method, headers, body, then) {
  const request = https.request(process.env.URL + path, { agent, method, headers }, (answer) => {
    let text = "";
    answer.on("data", (chunk) => {
      text += chunk;
    });
    answer.on("end", () => then(JSON.parse(text)));
  });
  request.end(body);
}

const form = { "content-type": "application/x-www-form-urlencoded" };
const grant = "grant_type=client_credentials&client_id=a&client_secret=b";
send("/oauth2/token/", "POST", form, grant, ({ access_token: token }) => {
  process.stdout.write(`::add-mask::${token}${os.EOL}`);
  send(
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
