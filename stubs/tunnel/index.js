// src/http/proxy.ts opens the tunnels; no code path of this action reaches the toolkit's.
exports.httpOverHttp = exports.httpsOverHttp = exports.httpOverHttps = exports.httpsOverHttps = () => {
  throw new Error("tunnel is not part of this action");
};
