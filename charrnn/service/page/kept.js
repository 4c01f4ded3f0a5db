// Favourites, which the page keeps in the browser alone; copies and downloads of names.
const charrnnKept = (() => {
  "use strict";
  const KEY = "charrnn.favourites";
  const COLUMNS = ["name", "label", "kind", "nearest", "distance", "looks", "stamp"]; // of a kept or saved name

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
  // What was kept before links were has none.
  const named = (name, link) => typeof link === "string" && link.startsWith("?")
    ? element("a", { class: "name", href: link, title: text("favourites.again", { name }) }, name)
    : element("span", { class: "name" }, name);
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
    for (const { name, label, kind, link } of kept) {
      const heart = element("button", { type: "button", class: "heart", "aria-pressed": "true",
        "aria-label": text("favourites.remove", { name }) });
      heart.dataset.name = name;
      const told = [label, texts[`kind.${kind}`] ?? kind].filter(Boolean).map((remark) => element("span", {}, remark));
      list.append(element("li", {}, heart, named(name, link), element("span", { class: "remarks" }, ...told)));
    }
    const body = kept.length ? list : element("p", { class: "hint" }, text("favourites.empty"));
    const tools = element("p", { class: "tools" });
    if (kept.length) {
      for (const tool of ["copy", "text", "csv"]) {
        tools.append(element("button", { type: "button", "data-tool": tool, "data-of": "kept" }, text(`tools.${tool}`)));
      }
    }
    const hadFocus = place.contains(document.activeElement);
    const heading = element("h3", { tabindex: "-1" }, text("favourites.title"));
    place.replaceChildren(heading, body, tools);
    if (hadFocus) heading.focus();
  };
  // The link of a list, as far as the name of a heart: a name does not depend on those that come after it.
  const linkTo = (heart) => {
    const list = heart.closest("[data-link]");
    if (!list?.dataset.link) return "";
    const link = new URLSearchParams(list.dataset.link);
    link.set("n", [...list.querySelectorAll(".heart")].indexOf(heart) + 1);
    return `?${link}`;
  };
  const toggle = (heart) => {
    const { name } = heart.dataset;
    const kept = read();
    const others = kept.filter((one) => one.name !== name);
    const columns = COLUMNS.map((column) => [column, heart.dataset[column] ?? ""]);
    write(others.length < kept.length ? others : [...kept, { ...Object.fromEntries(columns), link: linkTo(heart) }]);
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
    : [...document.querySelectorAll("#names .heart")].map(({ dataset }) => ({ ...dataset }));
  // For spreadsheets: they run text that begins like a formula, and read other scripts only after a byte order mark.
  const cell = (value) => {
    const safe = String(value ?? "").replace(/^[=+\-@\t\r]/, "'$&");
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const csv = (rows) => "\ufeff" + [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column]))]
    .map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
  const file = (tool, suffix) => `${tool.dataset.of === "kept" ? "kept-names" : "names"}.${suffix}`;
  const tools = {
    copy: (tool) => copy(listed(tool).map((row) => row.name).join("\n")),
    text: (tool) => save(file(tool, "txt"), "text/plain", listed(tool).map((row) => `${row.name}\n`).join("")),
    csv: (tool) => save(file(tool, "csv"), "text/csv", csv(listed(tool))),
    link: () => copy(location.href),
    seed: async (tool) => {
      const find = () => document.querySelector("#seed textarea, #seed input");
      if (!find()) { // what is folded away is not there
        document.querySelector("#shape button")?.click();
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      const box = find();
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
      tool.dataset.done = text(tool.dataset.tool === "seed" ? "tools.kept" : "tools.done");
      setTimeout(() => delete tool.dataset.done, 1500);
    }
  });

  return { draw, element };
})();
