// Browser tests of a running blog: `node run.mjs MODULES CHROMIUM URL`.
//
// Every test says its name; the first fault of each is told, and the exit status is 1 if there is one.

import { readFile } from "node:fs/promises";

import { crawl, feeds, markup } from "./checks.mjs";
import { assert, start } from "./window.mjs";

const [modules, chromiumPath, base] = process.argv.slice(2);
const { require, open, test, finish } = await start(modules, chromiumPath, base);
const axe = require.resolve("axe-core/axe.min.js");

const get = async (path) => {
  const answer = await fetch(base + path);
  assert(answer.ok, `${path}: ${answer.status}`);
  return answer.text();
};
const sitemap = await get("/sitemap.xml");
const posts = [...sitemap.matchAll(/<loc>([^<]+)<\/loc><lastmod>/g)].map((m) => new URL(m[1]).pathname);
const tag = (await get("/tags")).match(/href="(\/tags\/[^"]+)"/)[1];
const kinds = ["/", "/page/2", "/archive", "/tags", tag, "/series", "/search", "/about", "/nothing"];
const richest = posts.find((path) => path.includes("every-mark")) ?? posts[0];

await test("axe finds nothing on any kind of page, in both themes", async () => {
  let count = 0;
  for (const colorScheme of ["light", "dark"]) {
    const { page, close } = await open({ colorScheme, bypassCSP: true, reducedMotion: "reduce" });
    for (const path of [...kinds, ...posts]) {
      await page.goto(base + path);
      await page.addScriptTag({ path: axe });
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      const told = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(" | ")}`);
      assert(told.length === 0, `${path}, ${colorScheme}:\n${told.join("\n")}`);
      count += 1;
    }
    await close();
  }
  return `${count} pages`;
});

await test("the style within a page is the theme's, rule for rule, and a script that got in does not run", async () => {
  const source = await readFile(new URL("../../../theme/assets/style.css", import.meta.url), "utf8");
  const { page, close } = await open();
  await page.goto(base + richest);
  const count = await page.evaluate((source) => {
    const theme = new CSSStyleSheet();
    theme.replaceSync(source);
    const rules = ({ cssRules }) => [...cssRules].map(({ cssText }) => cssText.replace(/\s/g, ""));
    const [own, theirs] = [rules(document.styleSheets[0]), rules(theme)];
    const differs = theirs.findIndex((rule, at) => rule !== own[at]);
    if (differs >= 0 || own.length !== theirs.length) throw new Error(`${theirs[differs]} became ${own[differs]}`);
    return own.length;
  }, source);
  await close();
  const strange = await open();
  const refused = [];
  strange.page.on("console", (message) => refused.push(message.text()));
  await strange.page.goto(base + richest);
  const ran = await strange.page.evaluate(() => {
    document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = true" }));
    return window.ran === true;
  });
  assert(!ran && refused.some((text) => text.includes("script-src")), `it ran: ${ran}; ${refused}`);
  await strange.context.close();
  return `${count} rules`;
});

await test("a reader goes from home to a post, along its outline, back and forward", async () => {
  const { page, close } = await open();
  await page.goto(base);
  const link = page.locator(".posts h2 a").first();
  const title = await link.textContent();
  await link.click();
  await page.waitForURL("**/blog/**");
  assert((await page.locator("h1").textContent()) === title, "the post's title is the link's");
  await page.goto(base + richest);
  const heading = page.locator(".outline a").nth(3);
  const id = decodeURIComponent((await heading.getAttribute("href")).slice(1));
  await heading.click();
  await page.waitForFunction((id) => {
    const top = document.getElementById(id).getBoundingClientRect().top;
    return top >= 0 && top < innerHeight / 3;
  }, id);
  await page.waitForSelector(`.outline a[aria-current]`);
  await page.goBack();
  await page.goForward();
  assert(decodeURIComponent(new URL(page.url()).hash) === `#${id}`, "forward keeps the place");
  await close();
});

await test("search works by keyboard alone", async () => {
  const { page, close } = await open();
  await page.goto(base);
  await page.keyboard.press("/");
  await page.waitForURL("**/search");
  await page.locator(".search input").waitFor();
  await page.keyboard.type("release");
  await page.waitForSelector(".hits mark");
  assert(page.url().endsWith("/search?q=release"), page.url());
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  const first = await page.evaluate(() => document.activeElement.getAttribute("href"));
  assert(first === (await page.locator(".hits a").first().getAttribute("href")), "arrows move");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**${first}`);
  await page.goBack();
  await page.waitForSelector(".hits a");
  assert((await page.inputValue(".search input")) === "release", "back finds the query again");
  await page.locator(".search input").focus();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector(".hits a"));
  await page.keyboard.type("墨水不存在的词组");
  await page.waitForFunction(() => document.querySelector(".count")?.textContent.length > 8);
  assert((await page.locator(".hits a").count()) === 0, "what is nowhere is not found");
  await close();
});

await test("the chosen theme stays, and is there before anything is painted", async () => {
  const { page, close } = await open({ colorScheme: "light" });
  await page.goto(base);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.locator(".theme").click();
  const dark = await ground();
  assert(light !== dark, "the switch changes the ground");
  await page.goto(base + posts[0], { waitUntil: "commit" });
  await page.waitForSelector("body", { state: "attached" });
  assert((await ground()) === dark, "the next page is dark from the start");
  await page.locator(".theme").click();
  assert((await ground()) === light, "and back");
  assert((await page.evaluate(() => localStorage.length)) === 0, "nothing is kept without need");
  await close();
});

await test("code is copied whole, pictures are enlarged, long code unfolds", async () => {
  const { page, context, close } = await open();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(base + richest);
  const block = page.locator(".code").first();
  await block.hover();
  await block.locator(".copy").click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert(copied === (await block.locator("code").textContent()), "the clipboard has the code");
  await page.locator(".zoom").first().click();
  await page.waitForSelector("dialog.picture[open]");
  const large = page.locator("dialog.picture img");
  const shown = await large.evaluate((picture) => picture.decode().then(() => picture.currentSrc));
  assert(!shown.endsWith(".webp"), "what is enlarged is the picture itself");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog.picture", { state: "detached" });
  await close();
});

await test("everything can be read and searched without JavaScript", async () => {
  const { page, close } = await open({ javaScriptEnabled: false });
  await page.goto(base + richest);
  assert((await page.locator(".body").textContent()).length > 1000, "the post is there");
  assert(!(await page.locator(".theme").isVisible()), "no switch that does nothing");
  await page.goto(`${base}/search`);
  await page.fill(".search input", "release");
  await page.click(".search button");
  assert(page.url().endsWith("/search?q=release"), page.url());
  assert((await page.locator(".hits a").count()) > 1, "hits are in the page");
  assert((await page.inputValue(".search input")) === "release", "the query is still there");
  await close();
});

await test("pages are whole when the API is down, and the search says so", async () => {
  const { page, close } = await open({ isApiDown: true });
  await page.goto(base + richest);
  await page.waitForLoadState("networkidle");
  assert(!(await page.locator(".views").isVisible()), "no number is shown");
  assert((await page.locator(".body :is(h2, h3)").count()) > 3, "the post is there");
  await page.goto(`${base}/search?q=release`);
  await page.waitForSelector('.count a[href="/archive"]');
  await close();
});

await test("a mistyped address leads to its post, if the API can tell", async () => {
  const missing = richest.slice(0, -2);
  const { page, close } = await open({ missing, bypassCSP: true });
  await page.goto(base + missing);
  await page.locator(".near a").first().waitFor();
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert(violations.length === 0, JSON.stringify(violations));
  assert((await page.locator(".near a").first().getAttribute("href")) === richest, "the post is first");
  await page.locator(".near a").first().click();
  await page.waitForURL(base + richest);
  await page.goto(`${base}/nothing`, { waitUntil: "networkidle" });
  assert(!(await page.locator(".near").isVisible()), "nothing is like nothing");
  await close();
  for (const without of [{ isApiDown: true }, { javaScriptEnabled: false }]) {
    const { page, close } = await open({ missing, ...without });
    await page.goto(base + missing, { waitUntil: "networkidle" });
    assert(!(await page.locator(".near").isVisible()), "the page is as it was");
    assert(await page.locator(".lost .search").isVisible(), "and it has its search");
    await close();
  }
});

await test("no page is wider than its window, from 360 to 1280 pixels", async () => {
  for (const width of [360, 768, 1280]) {
    const { page, close } = await open({ viewport: { width, height: 800 } });
    for (const path of [...kinds, ...posts]) {
      await page.goto(base + path);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert(wide <= 0, `${path} is ${wide} px too wide at ${width}`);
    }
    await close();
  }
});

await test("HTML is valid", () => markup(require, base, [...kinds, ...posts]));
await test("feeds are what their formats say", () => feeds(base));
await test("feeds and sitemap are XML", async () => {
  const { page, close } = await open();
  await page.goto(base);
  for (const path of ["/feed.xml", "/sitemap.xml"]) {
    const fault = await page.evaluate(async (path) => {
      const text = await (await fetch(path)).text();
      const found = new DOMParser().parseFromString(text, "application/xml");
      return found.querySelector("parsererror")?.textContent;
    }, path);
    assert(!fault, `${path}: ${fault}`);
  }
  await close();
});
await test("every link inside the blog leads somewhere", () => crawl(base));

await finish();
