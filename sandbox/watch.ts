/**
 * Loaded into the action's process (`--import`): shows each request by its method, its path and the names of its headers, and
 * the status of the answer. No value of a header or of a query is ever shown; the log's masks hold for the path.
 */
import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";

subscribe("http.client.request.start", (message) => {
  const { request } = message as { request: ClientRequest };
  const { pathname, searchParams } = new URL(request.path, "http://host");
  const query = [...searchParams.keys()].map((name) => `${name}=…`).join("&");
  const headers = request.getHeaderNames().join(", ");
  console.log(`-> ${request.method} ${pathname}${query === "" ? "" : `?${query}`} (headers: ${headers})`);
});

subscribe("http.client.response.finish", (message) => {
  const { response } = message as { response: IncomingMessage };
  const names = [...new Set(Object.keys(response.headers))].join(", ");
  console.log(`<- ${response.statusCode} (headers: ${names})`);
});
