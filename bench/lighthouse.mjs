#!/usr/bin/env node
// Asks Lighthouse about pages of a running blog: `bench/lighthouse.mjs [--rounds N] [--applied] [--least] URL…`.
//
// Mobile profile (1.6 Mbit/s, 150 ms, a fourth of the processor). Lighthouse loads the page at full speed and
// computes what a slow telephone would have needed; with `--applied`, the browser is slowed down while it
// loads. Each round asks every page once, in turn; the table has the medians. With `--least`, the
// exit status is 1 if a page has less than 98 for performance or less than 100 for anything else.
// "machine" is Lighthouse's own measure of the processor: below 1000, others were using it, and the time
// for which a page is blocked says more of them than of the page. Needs `tools/browser` and Chromium; takes half a minute for a page and round.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2);
const at = words.indexOf("--rounds");
const rounds = at < 0 ? 3 : Number(words.splice(at, 2)[1]);
const throttling = words.includes("--applied") ? "devtools" : "simulate";
const isLeast = words.includes("--least");
const urls = words.filter((word) => !word.startsWith("--"));
if (!urls.length) {
  console.error("usage: bench/lighthouse.mjs [--rounds N] [--applied] [--least] URL…");
  process.exit(64);
}

const modules = execFileSync(join(here, "../tools/browser"), { encoding: "utf8" }).trim();
const folder = mkdtempSync(join(tmpdir(), "lighthouse-"));
const flags = "--headless=new --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage " +
  "--no-first-run --ignore-certificate-errors --disable-background-networking --disable-component-update --disable-sync";
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const METRICS = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift"];

// A page that is there at once may have been there before the recording began (NO_NAVSTART): then once more.
function ask(url) {
  try {
    return once(url);
  } catch {
    return once(url);
  }
}

function once(url) {
  const report = join(folder, "report.json");
  execFileSync(process.execPath, [
    join(modules, "lighthouse/cli/index.js"), url, "--quiet", "--output=json", `--throttling-method=${throttling}`, `--output-path=${report}`,
    `--only-categories=${CATEGORIES}`, `--chrome-flags=${flags}`,
  ], { stdio: ["ignore", "ignore", "inherit"], env: { CHROME_PATH: "/usr/bin/chromium", ...process.env } });
  const { categories, audits, environment } = JSON.parse(readFileSync(report, "utf8"));
  const failed = CATEGORIES.slice(1).flatMap((category) =>
    categories[category].auditRefs
      .filter(({ id, weight }) => weight > 0 && audits[id].score !== null && audits[id].score < 1)
      .map(({ id }) => `${id}: ${audits[id].title}`));
  const observed = audits.metrics?.details?.items?.[0]?.observedFirstContentfulPaint;
  return {
    scores: CATEGORIES.map((category) => Math.round(categories[category].score * 100)),
    metrics: [...METRICS.map((metric) => audits[metric].numericValue), observed],
    bytes: audits["total-byte-weight"].numericValue,
    speed: environment.benchmarkIndex,
    failed,
  };
}

const median = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
const found = new Map(urls.map((url) => [url, []]));
for (let round = 0; round < rounds; round += 1) for (const url of urls) found.get(url).push(ask(url));
rmSync(folder, { recursive: true });

console.log(`Medians of ${rounds} rounds, milliseconds; "observed" is the paint as this machine made it.\n`);
console.log("| page | performance | accessibility | best practices | SEO | FCP | LCP | blocked | shift | observed FCP | KiB | machine |");
console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
let isGood = true;
for (const [url, all] of found) {
  const scores = CATEGORIES.map((_, at) => median(all.map(({ scores }) => scores[at])));
  const metrics = METRICS.concat("observed").map((_, at) => median(all.map(({ metrics }) => metrics[at] ?? 0)));
  const [fcp, lcp, blocked, shift, observed] = metrics;
  isGood &&= scores[0] >= 98 && scores.slice(1).every((score) => score === 100);
  const cells = [decodeURI(url), ...scores, ...[fcp, lcp, blocked].map(Math.round), shift.toFixed(3),
    Math.round(observed), Math.round(median(all.map(({ bytes }) => bytes)) / 1024),
    Math.round(median(all.map(({ speed }) => speed)))];
  console.log(`| ${cells.join(" | ")} |`);
  for (const fault of new Set(all.flatMap(({ failed }) => failed))) console.log(`${fault}`);
}
process.exit(isLeast && !isGood ? 1 : 0);
