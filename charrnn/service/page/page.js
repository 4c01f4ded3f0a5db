// What the page does in the browser alone: holding back typed letters, links, favourites, copies and downloads.
window.charrnn = (() => {
  "use strict";
  const PAUSE = 250; // milliseconds without a letter after which a name is asked for
  const KEY = "charrnn.favourites";

  // Gradio asks the browser for its language, and knows Chinese as zh-CN and zh-TW alone; the server has chosen already.
  const language = document.documentElement.lang;
  Object.defineProperty(navigator, "language", { get: () => language, configurable: true });

  // A typed letter reaches Gradio when typing pauses, so that a name is one question and not one for each letter.
  let waiting = null;
  const release = () => {
    if (!waiting) return;
    clearTimeout(waiting.timer);
    const { box } = waiting;
    waiting = null;
    box.dispatchEvent(new InputEvent("input", { bubbles: true }));
  };
  const isBox = (element) => element instanceof Element && element.closest("#name") && element.matches("textarea, input");
  document.addEventListener("input", (event) => {
    if (!event.isTrusted || !isBox(event.target)) return;
    event.stopImmediatePropagation();
    clearTimeout(waiting?.timer);
    waiting = { box: event.target, timer: event.isComposing ? 0 : setTimeout(release, PAUSE) };
  }, true);
  document.addEventListener("compositionend", (event) => {
    if (isBox(event.target)) waiting = { box: event.target, timer: setTimeout(release, PAUSE) };
  }, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing) release(); }, true);
  document.addEventListener("focusout", release, true);

  // Links: the last answer of the tab in view is in the address bar; going back loads what was there.
  const links = {};
  const tabOf = (link) => new URLSearchParams(link).get("tab") ?? "classify";
  const isInView = (selector) => Boolean(document.querySelector(selector)?.offsetParent);
  const inView = () => isInView("#run") ? "generate" : isInView("#about") ? "about" : "classify";
  const isTyping = (before, after) => {
    const [a, b] = [before, after].map((link) => new URLSearchParams(link).get("name"));
    return a !== null && b !== null && (a.startsWith(b) || b.startsWith(a));
  };
  const go = (link) => {
    if (link === (location.search || "?")) return;
    const how = isTyping(location.search, link) || !location.search ? "replaceState" : "pushState";
    history[how](null, "", location.pathname + (link === "?" ? "" : link));
  };
  const show = (link) => {
    if (!link) return;
    links[tabOf(link)] = link;
    if (tabOf(link) === inView()) go(link);
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.('#tabs [role="tab"]')) return;
    requestAnimationFrame(() => requestAnimationFrame(() => { // the tab is in view by then
      const tab = inView();
      go(links[tab] ?? (tab === "classify" ? "?" : `?tab=${tab}`));
    }));
  });
  window.addEventListener("popstate", () => location.reload());

  // Favourites, in this browser alone.
  const read = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(kept) ? kept.filter((one) => one && typeof one.name === "string") : [];
    } catch { return []; }
  };
  const write = (kept) => {
    try { localStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* private windows may keep nothing */ }
    draw();
  };
  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const texts = JSON.parse(document.querySelector('meta[name="charrnn-texts"]')?.content ?? "{}");
  const text = (key, values = {}) =>
    (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const draw = () => {
    const place = document.querySelector("#favourites");
    if (!place) return;
    const kept = read();
    for (const heart of document.querySelectorAll("#names .heart")) {
      heart.setAttribute("aria-pressed", String(kept.some((one) => one.name === heart.dataset.name)));
    }
    const state = JSON.stringify(kept);
    if (place.dataset.state === state) return;
    place.dataset.state = state;
    const list = element("ul", { class: "kept" });
    for (const { name, label } of kept) {
      const heart = element("button", { type: "button", class: "heart", "aria-pressed": "true",
        "aria-label": text("favourites.remove", { name }), "data-name": name });
      list.append(element("li", {}, heart, element("span", { class: "name" }, name),
        element("span", { class: "remarks" }, label ?? "")));
    }
    const body = kept.length ? list : element("p", { class: "hint" }, text("favourites.empty"));
    const tools = element("p", { class: "tools" });
    if (kept.length) {
      for (const tool of ["copy", "text", "csv"]) {
        tools.append(element("button", { type: "button", "data-tool": tool, "data-of": "kept" }, text(`tools.${tool}`)));
      }
    }
    place.replaceChildren(element("h3", {}, text("favourites.title")), body, tools);
  };
  const toggle = (heart) => {
    const { name, label, stamp, logProbability } = heart.dataset;
    const kept = read();
    const others = kept.filter((one) => one.name !== name);
    write(others.length < kept.length ? others
      : [...kept, { name, label, stamp, log_probability: Number(logProbability) }]);
  };

  // Copies and downloads.
  const copy = async (what) => {
    try {
      await navigator.clipboard.writeText(what);
    } catch { // pages without TLS have no clipboard of their own
      const area = element("textarea", { class: "hidden-text" });
      area.value = what;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const save = (name, type, content) => {
    const address = URL.createObjectURL(new Blob([content], { type }));
    element("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };
  const listed = (tool) => tool.dataset.of === "kept" ? read()
    : [...document.querySelectorAll("#names .heart")].map(({ dataset }) => ({ name: dataset.name,
      label: dataset.label, stamp: dataset.stamp, log_probability: Number(dataset.logProbability) }));
  const quoted = (value) => /[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? "");
  const csv = (rows) => {
    const columns = ["name", "label", "log_probability", "stamp"];
    return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
      .map((cells) => cells.map(quoted).join(",")).join("\r\n") + "\r\n";
  };
  const tools = {
    copy: (tool) => copy(listed(tool).map((row) => row.name).join("\n")),
    text: (tool) => save("names.txt", "text/plain", listed(tool).map((row) => `${row.name}\n`).join("")),
    csv: (tool) => save("names.csv", "text/csv", csv(listed(tool))),
    link: () => copy(location.href),
    seed: (tool) => {
      const box = document.querySelector("#seed textarea, #seed input");
      if (!box) return;
      box.value = tool.dataset.seed;
      box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    },
  };
  document.addEventListener("click", async (event) => {
    if (!(event.target instanceof Element)) return;
    const heart = event.target.closest(".heart");
    const tool = event.target.closest("[data-tool]");
    if (heart) toggle(heart);
    if (!tool) return;
    await tools[tool.dataset.tool](tool);
    if (["copy", "link", "seed"].includes(tool.dataset.tool)) {
      tool.dataset.done = text("tools.done");
      setTimeout(() => delete tool.dataset.done, 1500);
    }
  });

  // On a phone the names lie below the controls: whoever asks for some is brought to them.
  let isAsked = false;
  const asks = (target) => target instanceof Element && target.closest("#run, #shape input, #shape textarea");
  document.addEventListener("click", (event) => { if (event.target.closest?.("#run")) isAsked = true; }, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Enter" && asks(event.target)) isAsked = true; }, true);
  const bring = () => {
    const status = document.querySelector("#status");
    if (!isAsked || !status) return;
    isAsked = false;
    if (status.getBoundingClientRect().bottom > 0.8 * innerHeight) status.scrollIntoView({ block: "start" });
  };

  // Answers are announced; the parts of Gradio come and go, so their roles are given as they come.
  const ready = () => {
    for (const live of document.querySelectorAll(".block.live:not([aria-live])")) {
      live.setAttribute("role", "status");
      live.setAttribute("aria-live", "polite");
    }
    draw();
    bring();
  };
  let scheduled = false;
  new MutationObserver(() => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => { scheduled = false; ready(); });
  }).observe(document.documentElement, { childList: true, subtree: true });

  return { show };
})();
