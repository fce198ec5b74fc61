// What the pages gain from a script; every one of them works without it.
"use strict";
(() => {
  // Menu on narrow screens.
  const menu = document.querySelector(".menu-button");
  menu?.addEventListener("click", () => {
    menu.setAttribute("aria-expanded", String(menu.getAttribute("aria-expanded") !== "true"));
  });

  // The facts are folded away where they would push the conversation off the screen.
  const facts = document.querySelector(".fold");
  if (facts && window.matchMedia("(max-width: 47.99em)").matches) facts.removeAttribute("open");

  // A form is sent once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // Alt with a letter, as the buttons' aria-keyshortcuts and the sheet of keys say. They can be turned off, for those
  // whose own keys or voice they cross (WCAG 2.1.4); the sheet itself always opens.
  const letters = {
    "Alt+/": "This list", "Alt+K": "Search", "Alt+L": "Write a text", "Alt+P": "Private note", "Alt+R": "Record a promise",
    "Alt+H": "Place a hold", "Alt+M": "Set aside", "Alt+J": "The next one in the list", "Alt+E": "Resolve and next",
    "/": "Saved replies, in an empty text",
  };
  const sheet = document.querySelector("[data-keys]") && document.createElement("dialog");
  if (sheet) {
    const lines = Object.entries(letters).map(([key, does]) => `<div><dt>${key.replace(/[^+]+/g, "<kbd>$&</kbd>")}</dt><dd>${does}</dd></div>`);
    sheet.className = "keys";
    sheet.setAttribute("aria-labelledby", "keys-title");
    sheet.innerHTML = `<h2 id="keys-title">Keys</h2><dl>${lines.join("")}</dl>
      <p class="choice"><input type="checkbox" id="keys-on" checked><label for="keys-on">Use these keys in this browser</label></p>
      <form method="dialog"><button type="submit" class="usa-button">Close</button></form>`;
    document.body.append(sheet);
  }
  const useKeys = document.getElementById("keys-on");
  try {
    if (useKeys) useKeys.checked = localStorage.getItem("keys") !== "off";
    useKeys?.addEventListener("change", () => localStorage.setItem("keys", useKeys.checked ? "on" : "off"));
  } catch {
    // A browser that keeps nothing: the keys work until the page is left.
  }
  for (const opener of document.querySelectorAll("[data-keys]")) {
    opener.hidden = false;
    opener.addEventListener("click", () => sheet.showModal());
  }
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || sheet?.open) return;
    if (event.code === "Slash" && sheet) {
      event.preventDefault();
      return sheet.showModal();
    }
    if (useKeys && !useKeys.checked) return;
    const target = {
      KeyK: () => document.getElementById("search"),
      KeyL: () => document.querySelector("[data-write=text]"),
      KeyP: () => document.querySelector("[data-write=note]"),
      KeyR: () => document.querySelector("[aria-keyshortcuts='Alt+R']"),
      KeyH: () => document.querySelector("[aria-keyshortcuts='Alt+H']"),
      KeyE: () => document.querySelector("[aria-keyshortcuts='Alt+E']"),
      KeyM: () => document.querySelector("[aria-keyshortcuts='Alt+M']"),
      KeyJ: () => document.querySelector("[aria-keyshortcuts='Alt+J']"),
    }[event.code]?.();
    if (!target) return;
    event.preventDefault();
    target.focus();
    if (target.id !== "search") return target.click();
    target.select();
  });

  // A text that was just sent can be taken back until it leaves; the seconds run down beside the button.
  for (const sent of document.querySelectorAll("[data-leaves-in]")) {
    const leaves = performance.now() + Number(sent.dataset.leavesIn) * 1000;
    const left = sent.querySelector("[data-left]");
    const tick = setInterval(() => {
      const seconds = Math.ceil((leaves - performance.now()) / 1000);
      left.textContent = seconds > 0 ? `${seconds} s` : "";
      if (seconds > 0) return;
      clearInterval(tick);
      if (!sent.contains(document.activeElement)) sent.querySelector("form").remove();
    }, 250);
  }
  document.querySelector("[data-print]")?.removeAttribute("hidden");
  document.querySelector("[data-print]")?.addEventListener("click", () => window.print());

  // Acts about an account: a quick choice writes into its field, Cancel closes the form that opened beside the history,
  // and a form that came back, or never arrived, may be sent again.
  document.addEventListener("click", (event) => {
    const quick = event.target.closest?.("[data-fill]");
    const field = quick && document.getElementById(quick.dataset.fill);
    if (field) {
      event.preventDefault();
      field.value = quick.dataset.with;
      field.focus();
      return;
    }
    const action = document.getElementById("action");
    if (action && event.target.closest?.("#action [data-close-act]")) {
      event.preventDefault();
      action.replaceChildren();
      (opener?.isConnected ? opener : document.getElementById("main")).focus();
    }
  });

  // The focus after something was brought into the page: on what is wrong with a form, in a form that was opened, and
  // never lost with what was replaced (WCAG 2.4.3, 3.3.1).
  let opener = null;
  let had = null;
  const told = (alert) => {
    if (!alert) return false;
    const field = alert.dataset.fault && document.getElementById(alert.dataset.fault);
    const words = alert.querySelector("p:last-of-type");
    words.id ||= "told";
    field?.setAttribute("aria-invalid", "true");
    field?.setAttribute("aria-describedby", [words.id, field.getAttribute("aria-describedby")].filter(Boolean).join(" "));
    field?.closest("details")?.setAttribute("open", "");
    return true;
  };
  const focusOn = (place) => {
    if (!place) return;
    if (place.tabIndex < 0) place.tabIndex = -1;
    place.focus();
  };
  const refused = performance.getEntriesByType("navigation")[0]?.responseStatus >= 400;
  const problem = refused && document.querySelector("main [role=alert]");
  if (told(problem) && !document.querySelector("[autofocus]")) focusOn(problem);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target.id === "action") opener = document.activeElement;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const at = document.activeElement;
    had = event.detail.target.contains(at) && at !== document.body ? { id: at.id, href: at.getAttribute("href"), words: at.textContent } : null;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const place = event.target;
    const sent = (event.detail.requestConfig?.verb ?? "get") !== "get";
    const alert = sent ? place.querySelector("[role=alert]") : null;
    if (told(alert)) return focusOn(alert);
    if (!had || document.activeElement !== document.body) return;
    const same = [...place.querySelectorAll("a[href], button, summary")].find((one) => one.textContent === had.words && one.getAttribute("href") === had.href);
    focusOn(same || place.querySelector("h2, h3") || place);
    had = null;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.dataset) delete event.detail.elt.dataset.sent;
  });

  // A part of the page that asks again by itself says when nobody answers; the next answer brings it anew.
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(name, (event) => event.target.querySelector?.("[data-lost]")?.removeAttribute("hidden"));
  }

  const composer = document.getElementById("composer");
  if (!composer) return;
  const text = document.getElementById("text");
  const modes = { text: document.getElementById("mode-text"), note: document.getElementById("mode-note") };

  for (const link of document.querySelectorAll("[data-write]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      if (modes[link.dataset.write]) modes[link.dataset.write].checked = true;
      text.focus();
    });
  }
  if (new URLSearchParams(location.search).has("write")) text.focus();

  // Colleagues see that something is being written here.
  const writes = document.getElementById("writes");
  text.addEventListener("input", () => {
    if (writes) writes.value = "1";
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.id === "others" && writes) writes.value = "";
  });

  // Saved replies: "/" in the empty box opens them, choosing one writes it where the cursor is.
  const saved = document.getElementById("saved");
  text.addEventListener("keydown", (event) => {
    if (event.key !== "/" || text.value || !saved || modes.note?.checked || useKeys?.checked === false) return;
    event.preventDefault();
    saved.open = true;
    saved.querySelector("button").focus();
  });
  saved?.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const choices = Array.from(saved.querySelectorAll("button"));
    const at = choices.indexOf(document.activeElement);
    if (event.key === "Escape") {
      saved.open = false;
      text.focus();
    } else if (step && at >= 0) {
      event.preventDefault();
      choices[(at + step + choices.length) % choices.length].focus();
    }
  });
  saved?.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-put]");
    if (!chosen) return;
    event.preventDefault();
    const before = text.value.slice(0, text.selectionStart);
    text.setRangeText((before && !/\s$/.test(before) ? " " : "") + chosen.dataset.put, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    saved.open = false;
    text.focus();
  });

  // Leaving with something written: the browser asks first.
  const begun = text.value;
  window.addEventListener("beforeunload", (event) => {
    if (text.value.trim() && text.value !== begun && !composer.dataset.sent) event.preventDefault();
  });

  // How many texts a text is: the server's tables and rules (comms/notices/segments.py), counted as one types.
  const count = document.getElementById("count");
  if (!count || !modes.text) return;
  const basic = new Set(composer.dataset.basic);
  const extension = new Set(composer.dataset.extension);
  const typewriter = new Map(Object.entries(JSON.parse(composer.dataset.plain)));

  const asSent = (typed) => {
    const tidy = typed.replace(/\r\n?/g, "\n").replace(/\t/g, " ").replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "");
    return Array.from(tidy.normalize("NFC"), (char) => typewriter.get(char) ?? char).join("").trim();
  };
  const fill = (costs, room) => {
    let parts = 1;
    let used = 0;
    for (const cost of costs) {
      if (used && used + cost > room) {
        parts += 1;
        used = 0;
      }
      used += cost;
    }
    return parts;
  };
  const graphemes = (said) => {
    if (!Intl.Segmenter) return Array.from(said);
    const clusters = Array.from(new Intl.Segmenter("en", { granularity: "grapheme" }).segment(said), (each) => each.segment);
    return clusters.flatMap((cluster) => (cluster === "\r\n" ? ["\r", "\n"] : [cluster]));
  };
  const segments = (said) => {
    const chars = Array.from(said);
    const special = chars.filter((char) => !basic.has(char) && !extension.has(char));
    if (!special.length) {
      const costs = chars.map((char) => (extension.has(char) ? 2 : 1));
      const units = costs.reduce((sum, cost) => sum + cost, 0);
      return { encoding: "GSM-7", units, segments: units <= 160 ? 1 : fill(costs, 153), special: "" };
    }
    const parts = said.length <= 70 ? 1 : fill(graphemes(said).map((each) => each.length), 67);
    return { encoding: "UCS-2", units: said.length, segments: parts, special: special[0] };
  };
  const plural = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;
  const show = () => {
    const said = asSent(text.value);
    const cost = segments(said);
    const why = cost.special ? ` “${cost.special}” makes a text hold 70 characters instead of 160.` : "";
    count.textContent = said
      ? `${plural(Array.from(said).length, "character")} · ${plural(cost.segments, "text")}, about ${((cost.segments * composer.dataset.price) / 10_000).toFixed(1)}¢.${why}`
      : "One text holds 160 characters, or 70 with letters such as á or an emoji.";
    Object.assign(count.dataset, { encoding: cost.encoding, segments: cost.segments, units: cost.units });
  };
  text.addEventListener("input", show);
  if (text.value) show();
})();
