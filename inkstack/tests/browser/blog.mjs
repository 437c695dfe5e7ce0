// Every page of a running blog: `node blog.mjs MODULES URL CHECK.JSON`, for `tools/check-blog`.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { crawl, feeds, markup } from "./checks.mjs";

const [modules, base, check] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const reported = JSON.parse(await readFile(check, "utf8"));
const sitemap = await (await fetch(`${base}/sitemap.xml`)).text();
const pages = [...sitemap.matchAll(/<loc>([^<]+)<\/loc>/g)].map((found) => new URL(found[1]).pathname);
const tags = await (await fetch(`${base}/tags`)).text();
const lists = [...tags.matchAll(/href="(\/tags\/[^"]+)"/g)].map((found) => found[1]);

let isGood = true;
for (const [name, run] of [
  ["HTML is valid", () => markup(require, base, [...pages, ...lists, "/page/2", "/search", "/nothing"])],
  ["feeds are what their formats say", () => feeds(base)],
  ["every link inside leads somewhere", () => crawl(base, reported)],
]) {
  try {
    console.log(`ok      ${name}: ${await run()}`);
  } catch (error) {
    isGood = false;
    console.log(`FAILED  ${name}\n${error.message}`);
  }
}
process.exit(isGood ? 0 : 1);
