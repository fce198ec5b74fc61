// Scanning returned mail: the field is never left, no scan is lost however fast they come, and each is heard.
"use strict";
(() => {
  const form = document.getElementById("scan");
  if (!form || !window.htmx) return;
  const { piece, reason, note, sound } = form.elements;
  const said = document.getElementById("scan-said");
  const waiting = [];
  let busy = false;
  let audio;

  form.querySelector(".scan-sound").hidden = false;
  const kept = localStorage.getItem("scan-sound");
  if (kept) sound.checked = kept === "on";
  sound.addEventListener("change", () => localStorage.setItem("scan-sound", sound.checked ? "on" : "off"));

  // One high tone: taken in. Two: look, it was known. A low one: not taken in.
  const TONES = { good: [[880, 0.09]], info: [[660, 0.07]], warn: [[560, 0.1], [560, 0.1]], bad: [[180, 0.4]] };
  const beep = (tone) => {
    if (!sound.checked || !window.AudioContext) return;
    audio ??= new AudioContext();
    let start = audio.currentTime;
    for (const [pitch, length] of TONES[tone] ?? []) {
      const voice = audio.createOscillator();
      const volume = audio.createGain();
      volume.gain.value = 0.15;
      voice.frequency.value = pitch;
      voice.connect(volume).connect(audio.destination);
      voice.start(start);
      voice.stop(start + length);
      start += length + 0.06;
    }
  };

  const tell = (tone, words) => {
    said.textContent = "";
    said.textContent = words;
    beep(tone);
  };

  // What was not taken in stays in the field, to be seen, mended or scanned over, and in a list, should others follow.
  const left = document.getElementById("scan-left");
  const leave = (typed, words) => {
    left.querySelector(`[data-piece="${CSS.escape(typed)}"]`)?.remove();
    if (words) {
      const line = document.createElement("li");
      line.dataset.piece = typed;
      line.textContent = `${typed}: ${words}`;
      left.querySelector("ul").append(line);
    }
    left.hidden = !left.querySelector("li");
  };
  left.querySelector("button").addEventListener("click", () => {
    left.querySelector("ul").replaceChildren();
    left.hidden = true;
    piece.focus();
  });
  const refuse = (typed, words) => {
    leave(typed, words);
    if (!piece.value) {
      piece.value = typed;
      piece.select();
    }
    tell("bad", words);
  };

  const send = async ({ path, body, typed }) => {
    let answer;
    try {
      answer = await fetch(path, { method: "POST", body, headers: { "HX-Request": "true" }, redirect: "error" });
    } catch {
      return refuse(typed, "the desk does not answer. Scan it again.");
    }
    if (answer.status === 401) return refuse(typed, "your sign-in has ended. Open the page again.");
    if (!answer.ok && answer.status !== 422) return refuse(typed, "the desk could not do it. Scan it again.");
    htmx.swap("#scanned", await answer.text(), { swapStyle: "outerHTML" });
    const shown = document.getElementById("scanned");
    const words = shown.querySelector(".scan-heading")?.textContent.trim() ?? "";
    if (!answer.ok) {
      shown.querySelector(".scan-result").remove();
      return refuse(typed, words);
    }
    leave(typed, "");
    return tell(shown.dataset.tone, words);
  };

  const pump = async () => {
    if (busy) return;
    busy = true;
    while (waiting.length) await send(waiting.shift());
    busy = false;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    const typed = piece.value.trim();
    if (!typed) return;
    const code = [...reason.options].find((option) => option.value && option.value === typed.toUpperCase());
    if (code) reason.value = code.value;
    waiting.push({ path: form.action, body: new URLSearchParams(new FormData(form)), typed });
    piece.value = "";
    note.value = "";
    piece.focus();
    pump();
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".scan-undo")) return;
    event.preventDefault();
    event.stopPropagation();
    const body = new URLSearchParams(new FormData(event.target));
    body.set("reason", reason.value);
    waiting.push({ path: event.target.action, body, typed: body.get("piece") });
    piece.focus();
    pump();
  }, true);

  // Some scanners end with Tab in place of Enter. Tab takes the number in only when every key of a whole number, or of a
  // reason's code, came faster than anybody types, and the Tab as fast; else it goes on to the next field, as for
  // everybody. After it the field is empty, so the next Tab leaves it (WCAG 2.1.2).
  const FASTER = 50; // milliseconds from key to key: 20 a second, twice a very fast typist
  const WHOLE = /\d{8}-\d+-\d+\W*$/;
  let quick = 0;
  let last = -Infinity;
  document.addEventListener("keydown", (event) => {
    const bare = !event.ctrlKey && !event.altKey && !event.metaKey && !event.repeat;
    const fast = event.timeStamp - last < FASTER;
    if (bare && event.key.length === 1) {
      quick = fast ? quick + 1 : 1;
      last = event.timeStamp;
    } else if (event.key === "Tab") {
      const typed = piece.value.trim();
      const whole = WHOLE.test(typed) || [...reason.options].some((option) => option.value && option.value === typed.toUpperCase());
      if (bare && !event.shiftKey && event.target === piece && fast && whole && quick >= typed.length) {
        event.preventDefault();
        form.requestSubmit();
      }
      quick = 0;
    }
  }, true);

  // A reason that was picked with the mouse is followed by a scan. A scanner types wherever the cursor stands: what is
  // typed over the reasons is the number of a piece, and must not choose another reason by its letters.
  let byHand = false;
  reason.addEventListener("pointerdown", () => (byHand = true));
  reason.addEventListener("change", () => byHand && piece.focus());
  reason.addEventListener("keydown", (event) => {
    byHand = false;
    if (event.key === "Enter") event.preventDefault();
    if (event.key === "Enter" || (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.altKey && !event.metaKey)) piece.focus();
  });
  document.addEventListener("keydown", (event) => {
    const free = event.target === document.body || event.target.id === "main";
    if (free && event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey) piece.focus();
  });
  piece.focus();
})();
