// Windows on a running blog that tell whatever a page does that it should not.

import { createRequire } from "node:module";

// What the gateway is to send; sent here as well, so that a page that needs more fails.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export function assert(isTrue, message) {
  if (!isTrue) throw new Error(message);
}

// Starts the browser. `open` gives a window, `test` runs a test and says how it went, `finish` ends
// the process with status 1 if one failed.
export async function start(modules, executablePath, base) {
  const require = createRequire(`${modules}/`);
  const { chromium } = require("playwright-core");
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"],
  });

  // A window that fails the test for console errors, requests to other origins and breaches of the
  // policy. `isApiDown` takes the API away; while it is killed (`isApiKilled`), its requests may fail.
  // So may they where the API refuses what the test sends (`isRefused`).
  // `missing` is the path of a page that the test knows is not there.
  async function open(options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const isAway = options.isApiDown || options.isApiKilled || options.isRefused;
    const faults = [];
    await context.route("**/*", async (route) => {
      const request = route.request();
      if (request.resourceType() !== "document") return route.continue();
      const response = await route.fetch({ maxRedirects: 0 });
      const headers = { ...response.headers(), "content-security-policy": POLICY };
      return route.fulfill({ response, headers });
    });
    if (options.isApiDown) await context.route("**/api/**", (route) => route.abort());
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      const { url } = message.location();
      // A missing page and an API that is down are what the test asked for.
      const isMissing = url.includes("/nothing") || url === base + options.missing;
      const isExpected = isMissing || (isAway && url.includes("/api/"));
      if (!isExpected) faults.push(`console: ${message.text()} (${url})`);
    });
    page.on("pageerror", (error) => faults.push(`script: ${error}`));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(base) && !url.startsWith("data:")) faults.push(`leaves the origin: ${url}`);
    });
    const close = async () => {
      await context.close();
      assert(faults.length === 0, faults.join("\n"));
    };
    return { page, context, close };
  }

  let failed = 0;
  async function test(name, run) {
    const started = Date.now();
    try {
      const said = await run();
      console.log(`ok      ${name}${said ? `: ${said}` : ""} (${Date.now() - started} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack ?? error}`);
    }
  }

  async function finish() {
    await browser.close();
    process.exit(failed ? 1 : 0);
  }
  return { require, open, test, finish };
}
