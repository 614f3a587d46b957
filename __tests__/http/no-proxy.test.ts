import { describe, expect, test } from "@jest/globals";
import { isExcepted } from "../../src/http/no-proxy.ts";

/** The host with its port as a URL has them, then lists that except it, then lists that do not. */
const ROWS: readonly (readonly [url: string, except: readonly string[], leave: readonly string[]])[] = [
  [
    "https://api.example.com",
    [
      "*",
      "*:443",
      "api.example.com",
      "API.Example.COM",
      "api.example.com.",
      "api.example.com:443",
      "example.com",
      "example.com:443",
      ".example.com",
      ".example.com:443",
      "*.example.com",
      "*.example.com:443",
      "com",
      "a.test,example.com",
      "a.test, example.com ,b.test",
      "a.test example.com",
      "a.test\texample.com\n",
      "*.test,*",
    ],
    [
      "",
      " , ,",
      ".",
      "*.",
      ":443",
      "pi.example.com",
      "ample.com",
      "v2.api.example.com",
      "*.api.example.com",
      "api.example.com:80",
      "example.com:4430",
      "*:80",
      "example.org",
      "10.0.0.0/8",
      "0.0.0.0/0",
      "example.com/8",
      "https://api.example.com",
    ],
  ],
  ["https://api.example.com.:8443", ["example.com", "example.com.:8443"], ["example.com:443"]],
  ["http://api.example.com", ["example.com:80"], ["example.com:443"]],
  ["https://example.com", ["example.com", ".example.com"], ["*.example.com", "www.example.com"]],
  ["https://bücher.example", ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example"], ["bucher.example"]],
  [
    "https://10.1.2.3:8443",
    [
      "10.1.2.3",
      "10.1.2.3:8443",
      "10.0.0.0/8",
      "10.1.2.3/32",
      "10.255.255.255/8",
      "0.0.0.0/0",
      "10.0.0.0/8:8443",
      "10.1.2.0-10.1.2.9",
      "10.1.2.0-10.1.2.9:8443",
      "::ffff:10.1.2.3",
      "192.168.0.0/16,10.0.0.0/8",
      "192.168.0.0/16 10.0.0.0/8",
    ],
    [
      "10.1.2.30",
      "1.2.3",
      "2.3",
      ".2.3",
      "*.2.3",
      "10.1.2.3:443",
      "10.0.0.0/8:443",
      "10.1.3.0/24",
      "10.0.0.0/33",
      "10.0.0.0/",
      "10.0.0.0/-8",
      "10.0.0.0/8/8x",
      "10.1.2.4-10.1.2.9",
      "10.1.2.9-10.1.2.0",
      "10.1.2.0-",
      "/8",
      "[10.0.0.0/x",
      "fd00::/8",
    ],
  ],
  [
    "https://[fd00::1]",
    [
      "fd00::1",
      "FD00:0:0::1",
      "[fd00::1]",
      "[fd00::1]:443",
      "fd00::/8",
      "[fd00::]/8",
      "[fd00::/8]",
      "fd00::/8:443",
      "[fd00::]/8:443",
      "[fd00::/8]:443",
      "::/0",
      "*",
    ],
    ["fd00::2", "[fd00::1]:80", "fe80::/10", "fd00::/8:80", "[fd00::]/8:80", "fd00::/129", "1", "fd00::9-fd00::2"],
  ],
];

describe("`no_proxy`", () => {
  test.each(ROWS)("for %s", (url, except, leave) => {
    const { hostname, port, protocol } = new URL(url);
    const at = Number(port) || (protocol === "https:" ? 443 : 80);
    expect(except.filter((list) => !isExcepted(hostname, at, list))).toEqual([]);
    expect(leave.filter((list) => isExcepted(hostname, at, list))).toEqual([]);
  });
});
