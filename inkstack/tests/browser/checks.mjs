// What is checked of a running blog without a browser: markup, feeds, links.

function assert(isTrue, message) {
  if (!isTrue) throw new Error(message);
}

// Style is the templates' own business; these rules are about what HTML means.
const RULES = {
  "attribute-boolean-style": "off",
  "doctype-style": "off",
  "long-title": "off",
  "no-inline-style": "error",
  "no-raw-characters": "off",
  "no-trailing-whitespace": "off",
  "require-sri": "off",
  // Chinese headings have Chinese anchors.
  "valid-id": ["error", { relaxed: true }],
  "void-style": "off",
};

export async function markup(require, base, paths) {
  const { HtmlValidate } = require("html-validate");
  const validator = new HtmlValidate({ extends: ["html-validate:recommended"], rules: RULES });
  for (const path of paths) {
    const text = await (await fetch(base + path)).text();
    const report = await validator.validateString(text);
    const told = report.results.flatMap((result) =>
      result.messages.map((m) => `${path}:${m.line}:${m.column} ${m.ruleId}: ${m.message}`),
    );
    assert(told.length === 0, told.slice(0, 10).join("\n"));
  }
  return `${paths.length} pages`;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export async function feeds(base) {
  const atom = await fetch(`${base}/feed.xml`);
  assert(atom.headers.get("content-type").startsWith("application/atom+xml"), "type of Atom");
  const xml = await atom.text();
  const one = (text, tag) => text.match(new RegExp(`<${tag}[^>]*>([^<]*)</${tag}>`))?.[1];
  const entries = xml.split("<entry").slice(1);
  const head = xml.split("<entry")[0];
  // RFC 4287: §4.1.1 and §4.1.2.
  for (const tag of ["id", "title", "updated", "name"]) assert(one(head, tag), `feed without ${tag}`);
  assert(head.includes('rel="self"'), "feed without self link");
  assert(RFC3339.test(one(head, "updated")), "feed's date");
  const ids = new Set();
  for (const entry of entries) {
    for (const tag of ["id", "title"]) assert(one(entry, tag), `entry without ${tag}`);
    assert(RFC3339.test(one(entry, "updated")) && RFC3339.test(one(entry, "published")), "entry's dates");
    assert(entry.includes('<content type="html">'), "entry without content");
    assert(!/(src|href)=&quot;\/[^/]/.test(entry), "an address that means nothing elsewhere");
    assert(!ids.has(one(entry, "id")), "two entries with one id");
    ids.add(one(entry, "id"));
  }
  const json = await (await fetch(`${base}/feed.json`)).json();
  assert(json.version === "https://jsonfeed.org/version/1.1" && json.title, "JSON Feed's head");
  assert(json.items.length === entries.length, "both feeds have the same posts");
  for (const item of json.items) {
    assert(item.id && item.url && item.content_html && RFC3339.test(item.date_published), "an item");
  }
  return `${entries.length} entries`;
}

// Follows every link inside the blog. `reported` are the problems that `inkstack check` names: a link or
// picture that it has found broken may be.
export async function crawl(base, reported = []) {
  const seen = new Map();
  const waiting = ["/", "/sitemap.xml", "/feed.xml", "/llms.txt", "/nothing"];
  const links = [];
  const visit = async (path) => {
    const answer = await fetch(base + path);
    const type = answer.headers.get("content-type") ?? "";
    const page = { status: answer.status, ids: new Set() };
    seen.set(path, page);
    // What a page of errors links to is looked at once, on `/nothing`.
    if (!type.startsWith("text/html") || (answer.status !== 200 && path !== "/nothing")) {
      await answer.arrayBuffer();
      return;
    }
    const html = await answer.text();
    for (const [, id] of html.matchAll(/ id="([^"]*)"/g)) page.ids.add(id.replaceAll("&amp;", "&"));
    for (const [, raw] of html.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      const url = new URL(raw.replaceAll("&amp;", "&"), base + path);
      if (url.origin !== new URL(base).origin || raw.startsWith("http")) continue;
      const hash = decodeURIComponent(url.hash.slice(1));
      links.push({ from: path, to: url.pathname + url.search, hash, raw });
    }
  };
  let next;
  const met = new Set(waiting);
  while ((next = waiting.splice(0, 8)).length) {
    const before = links.length;
    await Promise.all(next.map(visit));
    for (const { to } of links.slice(before)) {
      if (!met.has(to)) {
        met.add(to);
        waiting.push(to);
      }
    }
  }
  const isReported = ({ from, raw, hash }) => {
    const [page, target] = [decodeURI(from), decodeURI(raw.split("#")[0])];
    return reported.some(({ code, file, message }) =>
      page.endsWith(`/${file.replace(/\.md$/, "")}`) &&
      (code === "broken-anchor" ? message.includes(`#${hash}\``) : message.includes(`\`${target}\``)));
  };
  const broken = links.filter(({ to, hash }) => {
    const page = seen.get(to);
    if (to === "/nothing") return false;
    if (page.status !== 200) return true;
    return hash && page.ids.size > 0 && !page.ids.has(hash);
  });
  const told = [...new Set(broken.filter((l) => !isReported(l)).map((l) => `${l.from} -> ${l.to}${l.hash ? `#${l.hash}` : ""}`))];
  assert(told.length === 0, `${told.length} broken:\n${told.slice(0, 40).join("\n")}`);
  const known = broken.length ? `, ${broken.length} broken that \`check\` names` : "";
  return `${seen.size} addresses, ${links.length} links${known}`;
}
