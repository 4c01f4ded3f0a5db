// What the page does in the browser alone: holding back typed letters, links, one request for names at a time.
window.charrnn = (() => {
  "use strict";
  const PAUSE = 250; // milliseconds without a letter after which a name is asked for

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
  // Only what somebody did makes an entry to go back to; a link that the page completes by itself replaces its own.
  let hasActed = false;
  for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, () => { hasActed = true; }, true);
  }
  const go = (link) => {
    if (link === (location.search || "?")) return;
    const how = hasActed && location.search && !isTyping(location.search, link) ? "pushState" : "replaceState";
    hasActed = false;
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

  // On a phone the names lie below the controls: whoever asks for some is brought to them.
  let isAsked = false;
  const asks = (target) => target instanceof Element && target.closest("#run, #shape input, #shape textarea");
  document.addEventListener("click", (event) => {
    if (event.isTrusted && event.target.closest?.("#run")) isAsked = true;
  }, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Enter" && asks(event.target)) isAsked = true; }, true);
  const bring = () => {
    const status = document.querySelector("#status");
    if (!isAsked || !status) return;
    isAsked = false;
    if (status.getBoundingClientRect().bottom > 0.8 * innerHeight) status.scrollIntoView({ block: "start" });
  };

  // Asking for names: one request at a time. The first one is the page's own, with the seed of its link. What comes before
  // the page has started, or while names are drawn, waits; Stop drops it. Gradio itself would drop it without a word.
  const LONGEST_START = 10000, LONGEST_WAIT = 30000; // milliseconds, in case the server refuses an event without a word
  let waitingRequest = null;
  let namesBefore = "";
  let isStarted = false;
  let sentAt = -Infinity; // of the request that is answered now
  let timer = null;
  const runButton = () => document.querySelector("#run");
  const isBusy = () => runButton()?.disabled || performance.now() - sentAt < LONGEST_WAIT;
  const ended = () => {
    sentAt = -Infinity;
    askIfWaiting();
  };
  const stamps = () => [...document.querySelectorAll("#names .heart")].map((heart) => heart.dataset.stamp);
  const begin = (seed) => {
    isStarted = true;
    waitingRequest ??= { seed: seed === "-" ? "" : seed };
    askIfWaiting();
  };
  setTimeout(() => { isStarted = true; }, LONGEST_START);
  const ask = (controls) => {
    const seed = waitingRequest?.seed;
    waitingRequest = null;
    namesBefore = stamps().join();
    sentAt = performance.now();
    return seed ? [...controls.slice(0, -1), seed] : controls; // the seed is the last one
  };
  const askIfWaiting = () => {
    clearTimeout(timer);
    if (!waitingRequest || !runButton()) return;
    if (isStarted && !isBusy()) runButton().click();
    timer = setTimeout(askIfWaiting, 100); // Gradio takes no request while it ends the one before
  };
  const hold = (event) => {
    if (isStarted && !isBusy()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waitingRequest = {};
    askIfWaiting();
  };
  document.addEventListener("click", (event) => {
    if (event.isTrusted && event.target.closest?.("#run")) hold(event);
    if (event.target.closest?.("#stop")) waitingRequest = null;
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && event.target.closest?.("#shape input, #shape textarea")) hold(event);
  }, true);
  // The number of names that have come; their link brings no more than these.
  const stopped = async () => {
    await new Promise((resolve) => setTimeout(resolve, 200)); // what was on its way has come by then
    sentAt = -Infinity;
    const now = stamps();
    if (!now.length || now.join() === namesBefore) return 0;
    const link = new URLSearchParams(links.generate);
    link.set("n", now.length);
    show(`?${link}`);
    return now.length;
  };

  // What is new is announced in a sentence: not the whole of an answer, and not each name that comes.
  const announcer = charrnnKept.element("div", { id: "announcer", role: "status", "aria-live": "polite" });
  const announce = () => {
    if (!announcer.isConnected) document.body?.append(announcer);
    const told = [...document.querySelectorAll("#answer .sentence, #answer .told, #status p:not(.working)")]
      .filter((one) => one.offsetParent).map((one) => one.textContent).join(" ");
    if (announcer.textContent !== told) announcer.textContent = told;
  };

  // The list of a menu is no stop of the Tab key.
  document.addEventListener("focusin", (event) => {
    if (!event.target.matches?.('input[role="combobox"]')) return;
    requestAnimationFrame(() => {
      for (const list of document.querySelectorAll('ul[role="listbox"]')) list.tabIndex = -1;
    });
  });

  // The letters of a name are one stop of the Tab key; the arrows go through them.
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !event.target.matches?.("#answer .letter")) return;
    const letters = [...document.querySelectorAll("#answer .letter")];
    const next = letters[letters.indexOf(event.target) + step];
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  const ready = () => {
    charrnnKept.draw();
    askIfWaiting();
    bring();
    announce();
  };
  let scheduled = false;
  new MutationObserver(() => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => { scheduled = false; ready(); });
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["disabled"] });

  return { show, begin, ask, ended, stopped };
})();
