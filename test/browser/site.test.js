// Opens the web site that `make site` built in bin/site, without a server: the browser gets the files under https://qlsync.test.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { audit, open } from "./browser.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const site = join(root, "bin/site");
const host = "https://qlsync.test";
const pages = readdirSync(site, { recursive: true }).map((name) => name.replaceAll("\\", "/")).filter((name) => name.endsWith(".html") && name !== "404.html").sort();
// VitePress names its search box and its results without the key and the signs that it shows there, and its list of results is
// made of links in options. Both are not ours to change.
const rules = { "label-content-name-mismatch": { enabled: false } };
const rulesOfSearch = { ...rules, "nested-interactive": { enabled: false } };
let folder, browser;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "qlsync-site-"));
  browser = await open(join(folder, "profile"));
  await browser.route("**/*", (route) => {
    const { origin, pathname } = new URL(route.request().url());
    const file = join(site, pathname.endsWith("/") ? pathname + "index.html" : decodeURIComponent(pathname));
    return origin === host && existsSync(file) ? route.fulfill({ path: file }) : route.fulfill({ status: 404, body: "" });
  });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

// view opens a page, gives it to the check, and fails if the page reports an error or asks another host.
async function view(name, check) {
  const page = await browser.newPage();
  const said = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => { if (!request.url().startsWith(host + "/") && !request.url().startsWith("data:")) said.push(`asked for ${request.url()}`); });
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${host}/${name}`, { waitUntil: "networkidle" });
  await check(page);
  assert.deepEqual(said, [], `${name} must not report an error or ask another host`);
  await page.close();
}

for (const name of pages) {
  test(`${name} is accessible in light, in dark and on a narrow screen`, () => view(name, async (page) => {
    await page.evaluate(() => { for (const d of document.querySelectorAll("details")) d.open = true; });
    for (const [scheme, width] of [["light", 1280], ["dark", 1280], ["light", 400]]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      await page.waitForFunction((dark) => document.documentElement.classList.contains("dark") === dark, scheme === "dark");
      if (process.env.SCREENSHOTS) {
        mkdirSync(process.env.SCREENSHOTS, { recursive: true });
        await page.screenshot({ path: join(process.env.SCREENSHOTS, `site-${name.replaceAll("/", "-")}-${scheme}-${width}.png`) });
      }
      assert.deepEqual(await audit(page, rules), [], `${name} in ${scheme} at ${width} pixels`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than ${width} pixels`);
    }
  }));
}

// linksOf returns where the links of a page lead, without the page's own host.
const linksOf = (html) => [...html.matchAll(/<a [^>]*?href="([^"]+)"/g)].map(([, href]) => href.replaceAll("&amp;", "&"));

test("every link leads to a page and a heading of the site, or to a file of the repository", () => {
  const html = Object.fromEntries(pages.map((name) => [name, readFileSync(join(site, name), "utf8")]));
  const broken = [];
  let count = 0;
  for (const name of pages) {
    for (const href of linksOf(html[name])) {
      const { origin, pathname, hash, href: address } = new URL(href, `${host}/${name}`);
      const file = address.match(/^https:\/\/github\.com\/qlsync\/qlsync\/(?:tree|blob|edit)\/main\/([^#?]+)/)?.[1];
      if (file && !existsSync(join(root, decodeURIComponent(file)))) broken.push(`${name}: ${href} is not in the repository`);
      if (origin !== host) continue;
      count++;
      const target = pathname.endsWith("/") ? pathname.slice(1) + "index.html" : pathname.slice(1);
      if (!html[target]) broken.push(`${name}: there is no page ${href}`);
      else if (hash && !html[target].includes(` id="${decodeURIComponent(hash.slice(1))}"`)) broken.push(`${name}: there is no heading ${href}`);
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(count > 1000, `the site has ${count} links, want more than 1000: are they still found?`);
});

test("the site has every document, and the side bar leads to it", () => {
  const documents = readdirSync(join(root, "docs"), { recursive: true }).map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".md") && name !== "README.md").map((name) => name.replace(/md$/, "html")).sort();
  assert.deepEqual(pages.filter((name) => !["contents.html", "index.html"].includes(name)), documents);
  const links = linksOf(readFileSync(join(site, "index.html"), "utf8"));
  assert.deepEqual(documents.filter((name) => !links.includes("/" + name)), [], "docs/README.md must list these pages");
});

test("comments, instructions for the tests and braces are not part of what a reader sees", async () => {
  for (const name of ["index.html", "how-to/promote.html", "reference/cli.html"]) {
    await view(name, async (page) => {
      const text = await page.locator("main").innerText();
      assert.doesNotMatch(text, /<!--|-->|Written from the|file=/, `${name} shows a comment or an instruction`);
      const labels = new Set(await page.locator("span.lang").allInnerTexts());
      for (const label of labels) assert.match(label, /^(sh|powershell|yaml|text|console|json)?$/, `${name} labels a block "${label}"`);
    });
  }
  await view("reference/messages.html", async (page) => {
    assert.match(await page.locator("main").innerText(), /Ansible use \{\{ \}\}/, "the braces of a template must be shown as they are");
  });
});

test("the search finds a page by keyboard, and opens it", () => view("index.html", async (page) => {
  await page.keyboard.press("Control+k");
  await page.locator("#localsearch-input").fill("rotate a password");
  await page.locator("#localsearch-list a").first().waitFor();
  assert.deepEqual(await audit(page, rulesOfSearch), [], "the search");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/how-to\/rotate\.html/);
  await page.locator("h1", { hasText: "Rotate a password" }).waitFor();
}));

test("the choice of dark stays on the next page", () => view("index.html", async (page) => {
  const dark = () => page.evaluate(() => document.documentElement.classList.contains("dark"));
  await page.locator("button.VPSwitchAppearance:visible").click();
  assert.equal(await dark(), true, "the switch must turn the page dark");
  await page.goto(`${host}/reference/cli.html`);
  assert.equal(await dark(), true, "the next page must be dark too");
  await page.evaluate(() => localStorage.clear());
}));
