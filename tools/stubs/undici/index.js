// @actions/http-client names ProxyAgent for its fetch helper alone; no code path of this action reaches it.
exports.ProxyAgent = class ProxyAgent {
  constructor() {
    throw new Error("undici is not part of this action");
  }
};
