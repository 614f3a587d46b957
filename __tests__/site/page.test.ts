/** The page that writes the workflow, in a real browser: Debian's Chromium, where it is there. */
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { USES } from "../../site/page/choice.ts";
import { findings } from "../kit/language-service.ts";
import { type Page as Built, buildPage } from "../kit/site.ts";
import { packageJson } from "../kit/support.ts";

const BROWSER = "/usr/bin/chromium";
const isThere = existsSync(BROWSER);
/** Milliseconds that the browser may take for anything, on however busy a machine. */
const PATIENCE = 600_000;
const UPLOAD = "your-organization/workflows/.github/workflows/upload.yml";
const DEFINITION = {
  name: "Inventory",
  credentials: ["username", "password"],
  exchange: { path: "/login", json: { user: "{username}", password: "{password}" } },
  answer: { token: { json: "/session/token" } },
  env: { name: "INVENTORY_TOKEN" },
  probe: { path: "/me", accepted: { json: "/name" } },
  revoke: { path: "/logout", with: "use" },
};

if (!isThere) {
  test(`left out, since ${BROWSER} is not there: the page that writes the workflow, in a browser`, () => {
    expect(isThere).toBe(false);
  });
} else {
  describe("the page that writes the workflow", proof);
}

/** The secrets that a workflow reads. */
function namesIn(text: string): string[] {
  const found = text.matchAll(/\bsecrets\.(\w+)|\bcredentials: (\w+)/g);
  return [...found].map(([, name, credentials]) => name ?? credentials ?? "");
}

function proof(): void {
  const folder = mkdtempSync(join(tmpdir(), "site-"));
  let built: Built;
  let server: Server;
  let browser: Browser;
  let address: string;
  /** Every path that a page asked for. */
  let asked: string[] = [];
  /** What a page complained of. */
  let complaints: string[] = [];

  beforeAll(async () => {
    built = buildPage(folder);
    server = createServer((request, response) => {
      asked.push(String(request.url));
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(built.html);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox"], timeout: PATIENCE });
  });
  afterEach(() => {
    expect(complaints).toEqual([]);
    asked = [];
    complaints = [];
  });
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(hash = "", options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", ({ message }) => complaints.push(message));
    await page.goto(`${address}${hash}`);
    return page;
  }

  /** The files that the page shows, each with its path. */
  async function filesOn(page: Page): Promise<{ path: string; text: string }[]> {
    const blocks = await page.locator("#files pre").all();
    return Promise.all(
      blocks.map(async (block) => ({
        path: (await block.getAttribute("aria-label")) ?? "",
        text: (await block.textContent()) ?? "",
      })),
    );
  }

  test("asks for itself and nothing else, whatever is chosen, and can ask for nothing", async () => {
    const page = await open();
    for (const { id } of built.facts.services) await page.selectOption("#service", id);
    expect(asked).toEqual(["/"]);
    const refused = await page.evaluate(async () => {
      try {
        await fetch("/elsewhere");
        return "";
      } catch (error) {
        return String(error);
      }
    });
    expect(refused).toContain("Failed to fetch");
    expect(asked).toEqual(["/"]);
    expect(complaints.splice(0).join()).toContain("Content Security Policy");
    expect(built.html).not.toMatch(/<(?:script|link|img|iframe)[^>]* (?:src|href)=/);
    await page.context().close();
  });

  test("writes a workflow in which GitHub's own validator finds nothing, for every combination", async () => {
    const page = await open();
    const seen: string[] = [];
    const wrong: string[] = [];
    for (const { id } of built.facts.services) {
      await page.selectOption("#service", id);
      for (const use of USES) {
        if (await page.isDisabled(`#use-${use}`)) continue;
        await page.check(`#use-${use}`);
        for (const method of await page.locator("#methods input").evaluateAll((all) => all.map((one) => one.id))) {
          await page.check(`#${method}`);
          const files = await filesOn(page);
          const called = Object.fromEntries(files.slice(0, -1).map(({ text }) => [UPLOAD, text]));
          for (const { path, text } of files) {
            const found = await findings(text, called);
            if (found.length > 0) wrong.push(`${id}, ${use}, ${method}, ${path}: ${found.join("; ")}\n${text}`);
          }
          const commands = (await page.locator("#command-lines").allTextContents()).join();
          for (const name of namesIn(files.map(({ text }) => text).join())) {
            if (!new RegExp(`\\bset ${name}(?!\\w)`).test(commands)) wrong.push(`${id}, ${use}, ${method}: no ${name}`);
          }
          seen.push(`${id} ${use} ${method}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(new Set(seen).size).toBe(seen.length);
    const methods = built.facts.services.flatMap((service) => service.methods);
    const secretless = methods.filter(({ usesIdToken }) => usesIdToken);
    expect(seen).toHaveLength(methods.length * (USES.length - 1) + secretless.length);
    await page.context().close();
  });

  test("writes the recipe of every server of the page on OAuth2", async () => {
    const page = await open("#service=oauth2");
    for (const { id, method, inputs } of built.facts.recipes) {
      await page.selectOption("#server", id);
      await page.waitForFunction((wanted) => location.hash.includes(`server=${wanted}`), id);
      const [file] = await filesOn(page);
      expect(await page.isChecked(`#method-${method}`)).toBe(true);
      for (const name of Object.keys(inputs))
        expect([id, file?.text]).toEqual([id, expect.stringContaining(`${name}: `)]);
      expect(await findings(file?.text ?? "")).toEqual([]);
      expect(await page.locator("[data-recipe]:visible").count()).toBe(1);
    }
    expect(built.facts.recipes.length).toBeGreaterThan(25);
    await page.context().close();
  });

  test("remembers the choice in its address, for a colleague and for the way back", async () => {
    const page = await open();
    await page.selectOption("#service", "tuleap");
    await page.check("#use-matrix");
    await page.check("#method-token");
    await page.check("#other-virtuozzo");
    await page.fill("#input-url", "https://tuleap.example.org/sub path");
    const files = await filesOn(page);
    expect(files[0]?.text).toContain('url: "https://tuleap.example.org/sub path"');
    const colleague = await open(new URL(page.url()).hash);
    expect(await filesOn(colleague)).toEqual(files);
    expect(await colleague.isChecked("#other-virtuozzo")).toBe(true);
    await page.selectOption("#service", "qa");
    await page.waitForFunction(() => location.hash.includes("service=qa"));
    await page.goBack();
    expect(await filesOn(page)).toEqual(files);
    await colleague.context().close();
    await page.context().close();
  });

  test.each([
    "#service=nobody&use=nothing&method=none",
    "#use=secretless&service=qa",
    "#%",
    "#service=oauth2&server=x&file={",
  ])("shows something right for the address %s", async (hash) => {
    const page = await open(hash);
    const [file] = await filesOn(page);
    expect(await findings(file?.text ?? "")).toEqual([]);
    await page.context().close();
  });

  test("takes what a reader writes for a text, and never for markup or YAML", async () => {
    const page = await open("#service=oauth2");
    await page.locator("#more summary").click();
    const awkward = `"'}}<img src=x onerror=alert(1)>: # \\ {{`;
    await page.fill("#input-scope", awkward);
    await page.fill("#input-parameters", "a=1\nb: 2 #\n- c");
    const [file] = await filesOn(page);
    expect(await findings(file?.text ?? "")).toEqual([]);
    expect(file?.text).toContain(`scope: ${JSON.stringify(awkward)}`);
    expect(file?.text).toContain("parameters: |\n            a=1\n            b: 2 #\n            - c");
    expect(await page.locator("img").count()).toBe(0);
    await page.context().close();
  });

  test("names the commands that store each secret, and copies them and the workflow", async () => {
    const page = await open("#service=qa&use=seal", { permissions: ["clipboard-read", "clipboard-write"] });
    const commands = await page.textContent("#command-lines");
    for (const name of ["QA_CLIENT_ID", "QA_CLIENT_SECRET"]) expect(commands).toContain(`gh secret set ${name} `);
    expect(commands).toContain("openssl rand -base64 32 | gh secret set SEAL_KEY ");
    const copy = page.getByRole("button", { name: "Copy .github/workflows/tests.yml" });
    await copy.focus();
    await page.keyboard.press("Enter");
    await page.getByText("is copied").waitFor({ state: "attached" });
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe((await filesOn(page))[0]?.text);
    await page.context().close();
  });

  test("shows what a run logged, and what becomes of the credential", async () => {
    const page = await open("#service=qa");
    expect(await page.textContent("#log-lines")).toContain("Service: QA at app.qa.com\nMethod: client-credentials\n");
    expect(await page.textContent("#end-lines")).toContain("the credential is revoked at app.qa.com");
    const log = [...built.facts.services.flatMap(({ methods }) => methods.flatMap((one) => one.log ?? []))].join("\n");
    expect(log).not.toMatch(/127\.0\.0\.1|\[::1\]|localhost/);
    await page.check("#use-seal");
    expect(await page.textContent("#ending")).toContain("The job “close” does");
    expect(await page.textContent("#log-lines")).toContain("Sealed: ");
    expect(await page.locator("[data-about=qa]").textContent()).toContain("On the settings page of your organization");
    await page.context().close();
  });

  test("reads a definition: what it would send, or the place of its mistake", async () => {
    const page = await open("#service=custom&url=https://inventory.example.org");
    expect(await page.textContent("#reading")).toContain("Paste a definition");
    await page.fill("#definition", JSON.stringify({ ...DEFINITION, probes: {} }));
    expect(await page.textContent("#reading")).toMatch(/\/probes.*"?probe"?/s);
    await page.fill("#definition", '{ "name": ');
    expect(await page.textContent("#reading")).toContain("line 1");
    await page.fill("#definition", JSON.stringify(DEFINITION));
    expect(await page.textContent("#reading")).toContain("Inventory: nothing is wrong with it");
    expect(await page.locator("#told pre").allTextContents()).toEqual([
      'POST https://inventory.example.org/login\nContent-Type: application/json\n\n{\n  "user": "{username}",\n  "password": "{password}"\n}',
      "Authorization: Bearer {answer.token}",
      "GET https://inventory.example.org/me\nAuthorization: Bearer {answer.token}",
      "POST https://inventory.example.org/logout\nAuthorization: Bearer {answer.token}",
    ]);
    expect((await filesOn(page))[0]?.text).toContain("run: ./upload # reads INVENTORY_TOKEN");
    const colleague = await open(new URL(page.url()).hash);
    expect(await colleague.inputValue("#definition")).toBe(JSON.stringify(DEFINITION));
    await page.fill("#definition", JSON.stringify({ ...DEFINITION, "by-hand": "x".repeat(9000) }));
    expect(page.url().length).toBeLessThan(9000);
    expect((await page.inputValue("#definition")).length).toBeGreaterThan(9000);
    await colleague.context().close();
    await page.context().close();
  });

  test("finds nothing wrong with the definitions that the action ships", async () => {
    const page = await open("#service=custom");
    const files = globSync("src/providers/platforms/*.json");
    for (const file of files) {
      await page.fill("#definition", readFileSync(file, "utf8"));
      expect([file, await page.getAttribute("#reading", "class")]).toEqual([file, "service"]);
      expect(await page.locator("#told pre").count()).toBeGreaterThan(0);
    }
    expect(files.length).toBeGreaterThan(5);
    await page.context().close();
  });

  test("offers the methods of a definition that has several, and names the chosen one where it has to", async () => {
    const page = await open("#service=custom");
    const { name: _, ...method } = DEFINITION;
    const methods = { one: method, two: { ...method, "by-name-only": true } };
    await page.fill("#definition", JSON.stringify({ methods }));
    const ids = await page.locator("#methods input").evaluateAll((all) => all.map((one) => one.id));
    expect(ids).toEqual(["method-one", "method-two"]);
    expect((await filesOn(page))[0]?.text).not.toContain("method:");
    await page.check("#method-two");
    expect((await filesOn(page))[0]?.text).toContain("method: two");
    await page.context().close();
  });

  test("is used with the keyboard alone", async () => {
    const page = await open();
    const focused = () => page.evaluate(() => document.activeElement?.id ?? "");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("To the workflow");
    const order: string[] = [];
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press("Tab");
      order.push(await focused());
    }
    const wanted = ["service", "input-url", "use-upload", "method-password"];
    expect(order.filter((id) => wanted.includes(id))).toEqual(wanted);
    await page.focus("#use-upload");
    await page.keyboard.press("ArrowDown");
    expect([await focused(), await page.isChecked("#use-matrix")]).toEqual(["use-matrix", true]);
    await page.focus("#method-password");
    await page.keyboard.press("ArrowDown");
    expect([await focused(), await page.isChecked("#method-api-key")]).toEqual(["method-api-key", true]);
    await page.focus("#service");
    await page.keyboard.type("Xray");
    await page.waitForFunction(() => location.hash.includes("service=xray"));
    await page.focus("#file-0");
    expect(await focused()).toBe("file-0");
    await page.context().close();
  });

  const STATES = [
    "",
    "#service=oauth2&use=secretless&server=keycloak-2",
    "#service=tuleap&use=matrix&with=qa,xray",
    "#service=reportportal&use=reusable",
    `#${new URLSearchParams({ service: "custom", file: JSON.stringify(DEFINITION) })}`,
    `#${new URLSearchParams({ service: "custom", file: "{" })}`,
  ];
  const DEVICES: readonly [string, BrowserContextOptions][] = [
    ["in the light", { colorScheme: "light" }],
    ["in the dark", { colorScheme: "dark" }],
    ["on a telephone", { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true }],
  ];

  /** What axe finds, with the elements that it finds it in. */
  async function violations(page: Page): Promise<[string, string[]][]> {
    await page.evaluate(axe.source);
    const tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"];
    const found: axe.AxeResults = await page.evaluate(
      (values) => Object(globalThis).axe.run({ runOnly: { type: "tag", values } }),
      tags,
    );
    return found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
  }

  test.each(DEVICES)("has right contrast and roles %s", async (_, device) => {
    for (const hash of STATES) {
      const page = await open(hash, device);
      expect([hash, await violations(page)]).toEqual([hash, []]);
      await page.context().close();
    }
  });

  test("would not pass where a role were wrong", async () => {
    const page = await open();
    await page.evaluate(() => document.querySelector("main")?.append(document.createElement("button")));
    expect((await violations(page)).map(([id]) => id)).toContain("button-name");
    await page.context().close();
  });

  test("fits a narrow telephone, with places that a finger can hit", async () => {
    for (const hash of STATES) {
      const page = await open(hash, { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true });
      const { wide, small } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth,
        small: [...document.querySelectorAll(".choice, button, select, input[type=text]")]
          .filter((element) => element instanceof HTMLElement && element.offsetParent !== null)
          .filter((element) => element.getBoundingClientRect().height < 36)
          .map((element) => element.outerHTML),
      }));
      expect([hash, wide, small]).toEqual([hash, 320, []]);
      await page.context().close();
    }
  });

  test("is dark where the reader's system is", async () => {
    const page = await open("", { colorScheme: "dark" });
    const [ground = 255] = await page.evaluate(() =>
      (getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? []).map(Number),
    );
    expect(ground).toBeLessThan(60);
    await page.context().close();
  });

  test("says without JavaScript where the same workflows are", async () => {
    const page = await open("", { javaScriptEnabled: false });
    expect(await page.locator("noscript").textContent()).toContain("recipes");
    expect(built.html).toContain(
      `https://github.com/${packageJson.config.owner}/api-token-exchange/blob/main/docs/recipes.md`,
    );
    await page.context().close();
  });
}
