// Readers who write below a post: `node comments.mjs MODULES CHROMIUM URL TOKEN`.
//
// Says `kill it` when the API is to be killed, and goes on when a line comes.

import { once } from "node:events";
import { createInterface } from "node:readline";
import { markup } from "./checks.mjs";
import { assert, start } from "./window.mjs";

const [modules, chromiumPath, base, token] = process.argv.slice(2);
const { require, open, test, finish } = await start(modules, chromiumPath, base);
const axe = require.resolve("axe-core/axe.min.js");
const [chinese, english] = ["/blog/zh", "/blog/en"];

const admin = async (path, method = "GET") => {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${base}/api/v1/admin/${path}`, { method, headers });
  assert(answer.ok, `${path}: ${answer.status}`);
  return answer.json().catch(() => null);
};
const held = async () => (await admin("comments?state=held")).comments;

// A window on the comments of a post, and what is done there.
const visit = async (path, options = {}) => {
  const { page, close } = await open(options);
  await page.goto(base + path);
  const section = page.locator(".comments");
  await section.scrollIntoViewIfNeeded();
  const form = section.locator("form");
  const said = form.locator("[role=status]");
  const read = section.locator(":scope > [role=status]");
  const write = async (author, text) => {
    await form.locator("[name=author]").fill(author);
    await form.locator("[name=text]").fill(text);
    await form.locator("[type=submit]").click();
  };
  const until = (status, text) => status.filter({ hasText: text }).waitFor();
  return { page, close, section, form, said, read, write, until };
};

const author = "墨客 <b>";
const text = "写得好 <img src=x onerror=alert(1)>\n第二行";

await test("a comment is written, held, approved, and then read by everybody", async () => {
  const { page, close, section, form, said, read, write, until } = await visit(chinese);
  await until(read, "还没有人留言");
  const started = Date.now();
  await write(author, text);
  await until(said, "站主看过之后");
  const took = Date.now() - started;
  assert((await form.locator("[name=text]").inputValue()) === "", "what was sent is gone");
  assert((await form.locator("[name=author]").inputValue()) === author, "the name stays");
  await page.reload();
  await section.scrollIntoViewIfNeeded();
  await until(read, "还没有人留言");
  assert((await section.locator("li").count()) === 0, "nobody reads what is held");
  const [comment] = await held();
  assert(comment.author === author && comment.text === text, JSON.stringify(comment));
  await admin(`comments/${comment.id}/approve`, "POST");
  const shown = section.locator("li");
  for (let times = 0; times < 50 && !(await shown.count()); times += 1) {
    await page.reload({ waitUntil: "networkidle" });
    await section.scrollIntoViewIfNeeded();
    await form.waitFor();
  }
  assert((await shown.locator("bdi").textContent()) === author, "the name is text");
  assert((await shown.locator(".said").innerText()) === text, "and so is what was written, line by line");
  assert((await section.locator("img").count()) === 0, "which makes no element");
  await close();
  return `sent in ${took} ms`;
});

await test("what was sent and not answered is taken once", async () => {
  const { page, close, form, said, write, until } = await visit(english, { isRefused: true });
  await form.waitFor();
  let isLost = true;
  await page.route("**/comments", async (route) => {
    if (route.request().method() !== "POST" || !isLost) return route.continue();
    isLost = false;
    await route.fetch();
    return route.abort();
  });
  await write("R", "lost on the way back");
  await until(said, "could not be sent");
  await form.locator("[type=submit]").click();
  await until(said, "when somebody has looked at it");
  assert((await held()).length === 1, "once");
  await close();
});

await test("what is not taken is said in the words of the page", async () => {
  const { close, form, said, write, until } = await visit(english, { isRefused: true });
  await form.waitFor();
  const links = "https://a.example https://b.example https://c.example";
  await write("R", links);
  await until(said, "at most two links");
  assert((await form.locator("[name=text]").inputValue()) === links, "it can be mended");
  await form.locator("[name=website]").evaluate((input) => { input.value = "https://spam.example"; });
  await write("R", "cheap");
  await until(said, "when somebody has looked at it");
  assert((await held()).length === 1, "a robot hears the same, and is kept nowhere");
  await form.locator("[name=website]").evaluate((input) => { input.value = ""; });
  await write("R", "one");
  await until(said, "when somebody has looked at it");
  await write("R", "two");
  await until(said, "too many comments");
  assert((await form.locator("[name=text]").inputValue()) === "two", "it can be sent later");
  assert((await held()).length === 2, "the last was one too many");
  await close();
});

await test("a page with comments passes axe in both themes, is valid, and no wider than a phone", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const options = { colorScheme, bypassCSP: true, reducedMotion: "reduce" };
    const { page, close, form } = await visit(chinese, { ...options, viewport: { width: 360, height: 800 } });
    await form.waitFor();
    await page.addScriptTag({ path: axe });
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const told = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(" | ")}`);
    assert(told.length === 0, `${colorScheme}:\n${told.join("\n")}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert(wide <= 0, `${wide} px too wide`);
    await close();
  }
  await markup(require, base, [chinese, english]);
});

await test("without JavaScript, a line says that comments need it", async () => {
  const { close, section, form } = await visit(english, { javaScriptEnabled: false });
  assert((await section.innerText()).includes("Comments need JavaScript."), "the line is there");
  assert(!(await form.isVisible()), "no form that does nothing");
  await close();
});

const writing = await visit(english, { isApiKilled: true });
await writing.form.waitFor();
const told = once(createInterface({ input: process.stdin }), "line");
console.log("kill it");
await told;

await test("when the API goes away, what was written stays", async () => {
  await writing.write("R", "not lost");
  await writing.until(writing.said, "could not be sent");
  assert((await writing.form.locator("[name=text]").inputValue()) === "not lost", "it is still there");
  assert(await writing.form.locator("[type=submit]").isEnabled(), "and can be sent again");
  await writing.close();
});

await test("without the API, the page is whole and says so below", async () => {
  const { page, close, form, read, until } = await visit(chinese, { isApiKilled: true });
  await until(read, "评论暂时不可用");
  assert(!(await form.isVisible()), "no form that cannot be sent");
  assert((await page.locator(".body").innerText()).includes("正文"), "the post is there");
  await close();
});

await finish();
