// What readers write below a post. Loaded only where a blog takes comments; without the API the page is
// whole, and says that they are not there. What people wrote becomes text, never HTML.
(() => {
  "use strict";
  const say = document.currentScript.dataset;
  const language = document.documentElement.lang;
  const section = document.currentScript.closest("section");
  const list = section.querySelector("ol");
  const form = section.querySelector("form");
  const send = form.querySelector("[type=submit]");
  const sent = form.querySelector("[role=status]");
  const more = section.querySelector(":scope > button");
  const read = section.querySelector(":scope > [role=status]");
  const { author, text, website } = form.elements;
  const address = `posts/${say.path.split("/").map(encodeURIComponent).join("/")}/comments`;

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  const ask = async (url, options) => {
    const answer = await fetch(`/api/v1/${url}`, { signal: AbortSignal.timeout(15000), ...options });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(said.detail), { code: said.code });
    return said;
  };

  // SHA-256 (FIPS 180-4). The browser's own is not there on a page without TLS, and not made for many
  // short texts. Its constants are the first 32 bits behind the point of roots of primes.
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
  const fraction = (root) => ((root % 1) * 2 ** 32) | 0;
  const rounds = primes.map((prime) => fraction(Math.cbrt(prime)));
  const initial = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
  const schedule = new Int32Array(64);
  const turn = (word, by) => (word >>> by) | (word << (32 - by));
  const mix = (state, block, at) => {
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      if (i < 16) schedule[i] = block.getInt32(at + 4 * i);
      else {
        const [x, y] = [schedule[i - 15], schedule[i - 2]];
        const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
        const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
        schedule[i] = schedule[i - 16] + s0 + schedule[i - 7] + s1;
      }
      const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
      const one = (h + s1 + ((e & f) ^ (~e & g)) + rounds[i] + schedule[i]) | 0;
      const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0;
      d = c; c = b; b = a; a = (one + two) | 0;
    }
    return [a, b, c, d, e, f, g, h].map((word, i) => (word + state[i]) | 0);
  };

  // With how many zero bits the hash of `head` and a number begins, up to 32. Whole blocks of the head
  // are hashed once.
  const zeroBits = (head) => {
    const bytes = new TextEncoder().encode(head);
    const whole = bytes.length & ~63;
    let base = initial;
    for (let at = 0; at < whole; at += 64) base = mix(base, new DataView(bytes.buffer), at);
    const rest = new Uint8Array(128);
    rest.set(bytes.subarray(whole));
    const view = new DataView(rest.buffer);
    return (number) => {
      let end = bytes.length - whole;
      for (const digit of String(number)) rest[end++] = digit.charCodeAt(0);
      rest.fill(0, end);
      rest[end] = 128;
      const size = end < 56 ? 64 : 128;
      view.setUint32(size - 4, (whole + end) * 8);
      let state = base;
      for (let at = 0; at < size; at += 64) state = mix(state, view, at);
      return Math.clz32(state[0]);
    };
  };

  // The work, in slices so short that the page stays awake.
  const solve = async ({ challenge, bits }) => {
    const zeros = zeroBits(`${challenge}.`);
    for (let number = 0; ; await new Promise((go) => { setTimeout(go); })) {
      const until = performance.now() + 12;
      for (; performance.now() < until; number += 1) {
        if (zeros(number) >= bits) return { challenge, solution: String(number) };
      }
    }
  };

  const shown = (comment) => {
    const at = new Date(comment.at);
    const when = at.toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
    return make("li", {},
      make("p", { className: "meta" },
        make("bdi", { textContent: comment.author }),
        make("time", { dateTime: comment.at, textContent: when })),
      make("p", { className: "said", dir: "auto", textContent: comment.text }));
  };

  const REASONS = {
    bad_body: "bad", body_too_large: "bad", banned: "banned", comments_off: "off",
    too_many_comments: "many", too_many_writes: "many", too_many_requests: "many",
  };

  let after = null;
  let isLoading = false;
  const load = async () => {
    if (isLoading) return;
    isLoading = true;
    try {
      const parameters = after ? `?${new URLSearchParams({ after })}` : "";
      const { comments, next } = await ask(address + parameters);
      const entries = comments.map(shown);
      list.append(...entries);
      if (after) {
        entries[0]?.setAttribute("tabindex", "-1");
        entries[0]?.focus();
      }
      after = next;
      more.hidden = !next;
      list.hidden = !list.children.length;
      read.textContent = list.hidden ? say.none : "";
      form.hidden = false;
    } catch (error) {
      read.textContent = say[REASONS[error.code]] ?? say.failed;
    }
    isLoading = false;
  };

  // What was sent and not answered: sent again with the same work, it is taken once.
  let pending;
  const write = async (written) => {
    const isAgain = pending?.text === written.text && pending.author === written.author;
    if (!isAgain) pending = { ...written, ...await solve(await ask("comments/challenge")) };
    try {
      return await ask(address, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(pending),
      });
    } catch (error) {
      if (isAgain && error.code === "challenge_used") return {};
      const isTooOld = error.code === "bad_challenge";
      // An answer about the comment ends it; none, or one about the blog's troubles, does not.
      if (isTooOld || error.code in REASONS) pending = undefined;
      if (isAgain && isTooOld) return write(written);
      throw error;
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // A disabled button would lose the focus.
    if (send.ariaDisabled === "true") return;
    send.ariaDisabled = "true";
    text.readOnly = true;
    sent.textContent = say.work;
    const written = { author: author.value.trim(), text: text.value.trim(), website: website.value };
    try {
      const { state } = await write(written);
      pending = undefined;
      text.value = "";
      if (state === "approved" && !after) {
        list.append(shown({ ...written, at: new Date().toISOString() }));
        list.hidden = false;
        read.textContent = "";
      }
      sent.textContent = state === "approved" ? say.shown : say.held;
    } catch (error) {
      sent.textContent = say[REASONS[error.code]] ?? say.unsent;
    }
    text.readOnly = false;
    send.ariaDisabled = "false";
  });

  more.addEventListener("click", load);
  // Most readers do not come as far as this.
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    load();
  }, { rootMargin: "600px" });
  watcher.observe(section);
})();
