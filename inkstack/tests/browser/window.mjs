// Windows on a running blog that tell whatever a page does that it should not.

import { createRequire } from "node:module";

// All that a page's policy may hold, by directive; a hash allows what stands in the page.
const STRICT = new Map(Object.entries({
  "default-src": /^'none'$/, "script-src": /^'self' 'sha256-[^' ]+'$/, "style-src": /^'self' 'sha256-[^' ]+'$/,
  "img-src": /^'self' data:$/, "media-src": /^'self'$/, "font-src": /^'self'$/, "connect-src": /^'self'$/,
  "manifest-src": /^'self'$/, "form-action": /^'self'$/, "base-uri": /^'none'$/, "frame-ancestors": /^'none'$/,
}));

// The policy that a page was sent with, but for pictures of other sites, which no test page has.
function strict(policy) {
  const narrow = (policy ?? "").replaceAll(" https:", "");
  const directives = new Map(narrow.split("; ").map((directive) => directive.split(/ (.*)/)));
  for (const [name, sources] of STRICT)
    assert(sources.test(directives.get(name) ?? ""), `the policy of a page is loose: ${narrow}`);
  assert(directives.size === STRICT.size, `the policy of a page allows more: ${narrow}`);
  return narrow;
}

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
      const served = response.headers();
      const isPage = served["content-type"]?.startsWith("text/html");
      const headers = isPage ? { ...served, "content-security-policy": strict(served["content-security-policy"]) } : served;
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
