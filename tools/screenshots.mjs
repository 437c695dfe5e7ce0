#!/usr/bin/env node
// Takes the pictures in docs/screenshots of a running blog: `tools/screenshots.mjs URL [FOLDER]`.
//
// Each page by day and by night, 360, 768 and 1280 pixels wide, on one sheet.

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const base = process.argv[2]?.replace(/\/$/, "");
const folder = process.argv[3] ?? join(here, "../docs/screenshots");
if (!base) {
  console.error("usage: tools/screenshots.mjs URL [FOLDER]");
  process.exit(64);
}
const modules = execFileSync(join(here, "browser"), { encoding: "utf8" }).trim();
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({
  executablePath: process.env.CHROME_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});

const WIDTHS = [360, 768, 1280];
const HEIGHT = 960;
const SCALE = 0.6;
const GAP = 12;

const get = async (path) => (await fetch(base + path)).text();
const posts = [...(await get("/sitemap.xml")).matchAll(/<loc>([^<]+)<\/loc><lastmod>/g)];
const addresses = posts.map((found) => new URL(found[1]).pathname);
const tag = (await get("/tags")).match(/<li class="[^"]*"><a href="(\/tags\/[^"]+)"/)[1];
const pages = {
  home: "/",
  post: addresses[0],
  archive: "/archive",
  tag,
  search: "/search?q=release",
  "not-found": "/nothing-here",
};
if ((await get(addresses[0])).includes('class="more comments"')) pages.comments = addresses[0];

for (const [name, path] of Object.entries(pages)) {
  let cells = "";
  for (const colorScheme of ["light", "dark"]) {
    for (const width of WIDTHS) {
      const context = await browser.newContext({ viewport: { width, height: HEIGHT }, colorScheme });
      const page = await context.newPage();
      await page.goto(base + path, { waitUntil: "networkidle" });
      if (name === "comments") {
        // They are fetched when they come into view, and what is above them has its height then.
        for (let times = 0; times < 3; times += 1) {
          await page.locator("section.comments").evaluate((it) => it.scrollIntoView({ behavior: "instant" }));
          await page.waitForTimeout(500);
        }
      }
      const shot = (await page.screenshot()).toString("base64");
      cells += `<img src="data:image/png;base64,${shot}" width="${width * SCALE}" height="${HEIGHT * SCALE}">`;
      await context.close();
    }
  }
  const width = WIDTHS.reduce((sum, one) => sum + one * SCALE, 0) + 4 * GAP;
  const viewport = { width: Math.ceil(width), height: Math.ceil(2 * HEIGHT * SCALE + 3 * GAP) };
  const sheet = await browser.newPage({ viewport });
  await sheet.setContent(`<style>
    body { margin: 0; padding: ${GAP}px; box-sizing: border-box; background: #8a857c; display: flex;
      flex-wrap: wrap; gap: ${GAP}px; width: ${Math.ceil(width)}px }
  </style>${cells}`);
  await sheet.screenshot({ path: join(folder, `${name}.png`) });
  await sheet.close();
  console.log(`${name}.png`);
}
await browser.close();
