// What pages can do with JavaScript and can do without: nothing here is needed to read.
(() => {
  "use strict";
  const words = document.currentScript.dataset;
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // The text comes first: what measures or asks waits until it is painted. A page that is opened out of
  // sight is painted, and counted as read, when the reader turns to it.
  const painted = new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); });

  // The theme: the system's, until the reader chooses.
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  document.querySelector(".theme")?.addEventListener("click", () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches;
    const next = isDark ? "light" : "dark";
    // Back at what the system says, there is nothing to remember.
    const isSystems = (next === "dark") === prefersDark.matches;
    if (isSystems) delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (isSystems) localStorage.removeItem("theme");
      else localStorage.setItem("theme", next);
    } catch {
      // Storage may be forbidden: the choice holds for this page.
    }
  });

  // The outline: open beside the text, closed above it, and it follows the reading.
  const outline = document.querySelector(".outline");
  if (outline) {
    const isWide = matchMedia("(min-width: 79rem)");
    const place = () => { outline.open = isWide.matches; };
    place();
    isWide.addEventListener("change", place);
    const links = new Map(all("a", outline).map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
    const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
    let current;
    let isWaiting = false;
    const follow = () => {
      isWaiting = false;
      const line = innerHeight / 4;
      const passed = headings.filter((heading) => heading.getBoundingClientRect().top <= line);
      const link = links.get(passed.at(-1)?.id);
      if (link === current) return;
      current?.removeAttribute("aria-current");
      link?.setAttribute("aria-current", "location");
      current = link;
      if (link && isWide.matches) {
        const top = link.offsetTop - outline.offsetTop;
        if (top < outline.scrollTop || top > outline.scrollTop + outline.clientHeight - 48) {
          outline.scrollTop = top - outline.clientHeight / 3;
        }
      }
    };
    addEventListener("scroll", () => {
      if (!isWaiting) requestAnimationFrame(follow);
      isWaiting = true;
    }, { passive: true });
    // To measure before it is painted would lay out the page twice.
    painted.then(follow);
  }

  // A button that copies a block of code.
  if (navigator.clipboard) {
    for (const block of all(".code")) {
      const button = make("button", { type: "button", className: "copy", textContent: words.copy });
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(block.querySelector("code").textContent);
        button.textContent = words.copied;
        setTimeout(() => { button.textContent = words.copy; }, 1500);
      });
      block.append(button);
    }
  }

  // Pictures that are larger than they are shown can be enlarged.
  for (const picture of all(".body figure img, .body p > img, .body p > picture > img")) {
    const width = Number(picture.getAttribute("width"));
    if (!width || width < 240) continue;
    const label = picture.alt ? `${words.enlarge}: ${picture.alt}` : words.enlarge;
    const button = make("button", { type: "button", className: "zoom", ariaLabel: label });
    // With its smaller forms, from which the browser has chosen.
    const whole = picture.closest("picture") ?? picture;
    whole.replaceWith(button);
    button.append(whole);
    button.addEventListener("click", () => {
      const large = make("img", { src: picture.src, alt: picture.alt });
      const dialog = make("dialog", { className: "picture", ariaLabel: picture.alt || words.enlarge }, large);
      dialog.addEventListener("click", () => dialog.close());
      dialog.addEventListener("close", () => dialog.remove());
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  // `/` leads to the search, wherever one is.
  const form = document.querySelector(".search");
  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (form) form.elements.q.focus();
    else location.href = "/search";
  });

  // How often a post was read. Without the API there is no number, and nobody misses it.
  const views = document.querySelector(".views");
  if (views) {
    const path = views.dataset.path.split("/").map(encodeURIComponent).join("/");
    const show = (count) => {
      if (!(count > 0)) return;
      const language = root.lang.startsWith("zh") ? "zh-CN" : root.lang;
      views.textContent = views.dataset.words.replace("{n}", count.toLocaleString(language));
      views.hidden = false;
    };
    const ask = (url, method) =>
      fetch(`/api/v1/${url}`, { method, signal: AbortSignal.timeout(5000) })
        .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.status))));
    const counted = (async () => {
      await painted;
      const { counted } = await ask(`posts/${path}/views`, "POST");
      const answer = await ask(`views?${new URLSearchParams({ path: views.dataset.path })}`, "GET");
      // Counts are taken over in batches: this reader may not be in it yet.
      show(Math.max(answer.posts[0].views, counted ? 1 : 0));
    })();
    counted.catch(() => {});
  }

  // Where an address that leads nowhere may have been meant to lead. Without the API, nobody knows.
  const near = document.querySelector(".near");
  if (near) {
    const suggest = async () => {
      await painted;
      const parameters = new URLSearchParams({ path: decodeURIComponent(location.pathname), limit: 3 });
      const signal = AbortSignal.timeout(5000);
      const answer = await fetch(`/api/v1/nearest?${parameters}`, { signal });
      const { posts } = answer.ok ? await answer.json() : { posts: [] };
      if (!posts.length) return;
      const entry = ({ url, title, lang, date }) => make("li", {},
        make("time", { dateTime: date, textContent: date }), " ",
        make("a", { href: url, lang, textContent: title }));
      near.append(make("ul", { className: "lines dated" }, ...posts.map(entry)));
      near.hidden = false;
    };
    suggest().catch(() => {});
  }

  // Search as one types. Without this, the page comes with its results.
  const results = document.getElementById("results");
  if (!form || !results) return;
  const input = form.elements.q;
  const say = results.dataset;
  const count = make("p", { className: "count", role: "status" });
  const list = results.querySelector(".hits") ?? make("ol", { className: "hits" });
  const more = make("button", { type: "button", textContent: say.more, hidden: true });
  results.replaceChildren(count, list, more);
  let asked = "";
  let after = null;
  let running;

  const hit = ({ post, title, snippet }) => {
    const link = make("a", { href: post.url, lang: post.lang });
    // The API escapes everything but its own <mark>.
    link.innerHTML = title;
    const text = make("p", { className: "snippet", lang: post.lang });
    text.innerHTML = snippet;
    const meta = make("p", { className: "meta" });
    meta.append(make("time", { dateTime: post.date, textContent: post.date }));
    for (const tag of post.tags) meta.append(make("span", { textContent: tag }));
    return make("li", {}, make("h2", {}, link), text, meta);
  };

  const ask = async (query, isMore) => {
    running?.abort();
    asked = query;
    if (!query) {
      list.replaceChildren();
      count.textContent = "";
      more.hidden = true;
      return;
    }
    const { signal } = running = new AbortController();
    const isLate = setTimeout(() => {
      list.classList.add("stale");
      count.textContent = say.slow;
    }, 300);
    const parameters = new URLSearchParams({ q: query });
    if (isMore) parameters.set("after", after);
    try {
      const within = AbortSignal.any ? AbortSignal.any([signal, AbortSignal.timeout(10000)]) : signal;
      const answer = await fetch(`/api/v1/search?${parameters}`, { signal: within });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      const hits = found.hits.map(hit);
      if (isMore) list.append(...hits);
      else list.replaceChildren(...hits);
      count.textContent = found.total ? say.hits.replace("{n}", found.total) : say.none;
      after = found.next;
      more.hidden = !after;
      if (isMore) hits[0]?.querySelector("a").focus();
    } catch {
      if (signal.aborted) return;
      count.replaceChildren(`${say.failed} `, make("a", { href: "/archive", textContent: say.archive }));
      list.replaceChildren();
      more.hidden = true;
    } finally {
      clearTimeout(isLate);
      if (!signal.aborted) list.classList.remove("stale");
    }
  };

  const address = (query) => (query ? `/search?${new URLSearchParams({ q: query })}` : "/search");
  let typed;
  input.addEventListener("input", (event) => {
    if (event.isComposing) return;
    clearTimeout(typed);
    typed = setTimeout(() => {
      const query = input.value.trim();
      if (query === asked) return;
      history.replaceState(null, "", address(query));
      ask(query);
    }, 120);
  });
  // An input method ends a word with this, not with `input`.
  input.addEventListener("compositionend", () => input.dispatchEvent(new Event("input")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typed);
    const query = input.value.trim();
    history.replaceState(null, "", address(query));
    // Enter on results that are there already opens the first.
    const first = list.querySelector("a");
    if (query === asked && first && !list.classList.contains("stale")) first.click();
    else ask(query);
  });
  more.addEventListener("click", () => ask(asked, true));
  addEventListener("keydown", (event) => {
    const links = all("a", list);
    const at = links.indexOf(document.activeElement);
    const isHere = at >= 0 || document.activeElement === input;
    if (!isHere || event.isComposing) return;
    if (event.key === "ArrowDown" && at + 1 < links.length) links[at + 1].focus();
    else if (event.key === "ArrowUp" && at > 0) links[at - 1].focus();
    else if (event.key === "ArrowUp" && at === 0) input.focus();
    else if (event.key === "Escape") {
      input.value = "";
      input.focus();
      history.replaceState(null, "", address(""));
      ask("");
    } else return;
    event.preventDefault();
  });

  input.value = new URLSearchParams(location.search).get("q") ?? "";
  if (input.value) ask(input.value.trim());
  if (!matchMedia("(pointer: coarse)").matches) input.focus();
})();
