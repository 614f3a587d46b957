// One revocation.
const https = require("node:https");

const headers = { "content-type": "application/x-www-form-urlencoded" };
const request = https.request(`${process.env.URL}/oauth2/revoke_token/`, { method: "POST", headers }, (answer) =>
  answer.resume(),
);
request.end("token=c&client_id=a&client_secret=b");
