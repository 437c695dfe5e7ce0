// A reader before and after the API is killed: `node outage.mjs MODULES CHROMIUM URL`.
//
// Says `kill it` when that is to happen, and goes on when a line comes.

import { once } from "node:events";
import { createInterface } from "node:readline";
import { assert, start } from "./window.mjs";

const [modules, chromiumPath, base] = process.argv.slice(2);
const { open, test, finish } = await start(modules, chromiumPath, base);
// The API counts no robots, and a browser without a window says that it is one.
const userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36";
const sitemap = await (await fetch(`${base}/sitemap.xml`)).text();
const [post] = [...sitemap.matchAll(/<loc>([^<]+)<\/loc><lastmod>/g)].map((m) => new URL(m[1]).pathname);

await test("a post shows how often it was read", async () => {
  const { page, close } = await open({ userAgent });
  const views = page.locator(".views");
  await page.goto(base + post);
  await views.waitFor({ state: "visible" });
  const text = await views.textContent();
  assert(/\b1\b/.test(text), `the reader was counted: ${text}`);
  for (let times = 0; times < 50; times += 1) {
    await page.reload({ waitUntil: "networkidle" });
    if (await views.isVisible()) break;
  }
  assert((await views.textContent()) === text, "the database has it, and once a day");
  await close();
});

const told = once(createInterface({ input: process.stdin }), "line");
console.log("kill it");
await told;

await test("without the API, pages are whole and numbers are left out", async () => {
  const { page, close } = await open({ userAgent, isApiKilled: true });
  await page.goto(base);
  assert((await page.locator(".posts li").count()) > 3, "the list is there");
  await page.locator(".posts h2 a").first().click();
  await page.waitForLoadState("networkidle");
  assert((await page.locator(".body").textContent()).length > 500, "the post is there");
  assert(!(await page.locator(".views").isVisible()), "no number is shown");
  await close();
});

await test("without the API, the search says so, with and without JavaScript", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { page, close } = await open({ javaScriptEnabled, isApiKilled: true });
    await page.goto(`${base}/search?q=release`);
    await page.waitForSelector('#results a[href="/archive"]');
    assert((await page.inputValue(".search input")) === "release", "the query is still there");
    await close();
  }
});

await finish();
