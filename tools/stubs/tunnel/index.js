// src/http/proxy.ts opens the tunnels; no code path of this action reaches the toolkit's.
const unused = () => {
  throw new Error("tunnel is not part of this action");
};

module.exports = { httpOverHttp: unused, httpsOverHttp: unused, httpOverHttps: unused, httpsOverHttps: unused };
