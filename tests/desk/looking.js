// What axe does not look at, of the page as it stands; a list of complaints. One object: its functions are called by name.
({
  shown(one) {
    const box = one.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  },
  // What a box that scrolls holds, but does not show now.
  scrolledAway(one) {
    const box = one.getBoundingClientRect();
    for (let around = one.parentElement; around; around = around.parentElement) {
      if (getComputedStyle(around).overflowY === "visible") continue;
      const frame = around.getBoundingClientRect();
      if (around !== document.documentElement && (box.bottom > frame.bottom || box.top < frame.top)) return true;
    }
    return false;
  },
  called(one) {
    return `<${one.tagName.toLowerCase()}${one.id ? "#" + one.id : ""} class="${one.getAttribute("class") || ""}"> ${(one.innerText || one.name || "").trim().slice(0, 40)}`;
  },

  frame() {
    const said = [];
    const headings = document.querySelectorAll("h1");
    if (headings.length !== 1) said.push(`${headings.length} h1`);
    if (!/^[a-z]{2}/.test(document.documentElement.lang)) said.push("no language");
    if (!/^\S.* · \S/.test(document.title)) said.push(`a title that names no page: ${document.title}`);
    return said;
  },

  // Reflow (1.4.10): the page never scrolls sideways; what does, is a box that the keyboard reaches (2.1.1).
  width() {
    const said = [];
    const page = document.documentElement;
    const over = page.scrollWidth - page.clientWidth;
    if (over > 0) {
      const wide = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > page.clientWidth + 1);
      said.push(`${over} px wider than a window of ${page.clientWidth}: ${wide.slice(-2).map(this.called).join(" and ")}`);
    }
    return said;
  },

  // What is cut off: text in a box that hides what it does not hold (1.4.4, 1.4.12).
  cut() {
    const said = [];
    for (const one of document.querySelectorAll("body *")) {
      if (!this.shown(one) || one.closest("svg, .usa-sr-only, iframe")) continue;
      const style = getComputedStyle(one);
      if (style.clipPath !== "none" || one.clientWidth < 2) continue;
      const hides = (value) => value === "hidden" || value === "clip";
      const field = /^(INPUT|TEXTAREA|SELECT)$/.test(one.tagName);
      if (!field && hides(style.overflowX) && one.scrollWidth > one.clientWidth + 1) said.push(`cut at its side: ${this.called(one)}`);
      if (!field && hides(style.overflowY) && one.scrollHeight > one.clientHeight + 1) said.push(`cut below: ${this.called(one)}`);
      const scrolls = /auto|scroll/.test(style.overflowX) && one.scrollWidth > one.clientWidth + 1;
      const down = /auto|scroll/.test(style.overflowY) && one.scrollHeight > one.clientHeight + 1;
      if (!field && (scrolls || down) && one.tabIndex < 0 && !one.querySelector("a[href], button, [tabindex='0']"))
        said.push(`scrolls and takes no focus: ${this.called(one)}`);
      if (/^(BUTTON|SUMMARY)$/.test(one.tagName) && one.scrollWidth > one.clientWidth + 1) said.push(`a button too small for its words: ${this.called(one)}`);
    }
    return said;
  },

  // Targets of 24 px at least (WCAG 2.2, 2.5.8). Excepted are links in a sentence, and a smaller one with so much room
  // that a circle of 24 px on its middle meets no other. A label belongs to its box.
  targets() {
    const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
      .filter((one) => this.shown(one) && !this.scrolledAway(one) && !one.closest(".usa-sr-only, .first-button, .usa-skipnav"))
      .map((one) => {
        const boxes = [one, ...(one.labels || [])].filter((each) => this.shown(each)).map((each) => each.getBoundingClientRect());
        const around = one.parentElement.innerText.trim();
        const inline = getComputedStyle(one).display === "inline" && around.length > one.innerText?.trim().length;
        return { one, box: boxes[0], small: !boxes.some((box) => box.height >= 23.5 && box.width >= 23.5), inline };
      });
    const away = (x, y, box) => Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
    const middle = (box) => [box.left + box.width / 2, box.top + box.height / 2];
    const said = [];
    for (const { one, box, small, inline } of all) {
      if (!small || inline) continue;
      const [x, y] = middle(box);
      const near = all.find((other) => {
        if (other.one === one || other.inline) return false;
        const [left, top] = middle(other.box);
        return other.small ? Math.hypot(x - left, y - top) < 23.5 : away(x, y, other.box) < 11.5;
      });
      if (near) said.push(`a target of ${Math.round(box.width)} by ${Math.round(box.height)}: ${this.called(one)} beside ${this.called(near.one)}`);
    }
    return said;
  },

  // Every field has words that stay (axe takes a title for a label) and is not told by its placeholder.
  labels() {
    const fields = document.querySelectorAll("input:not([type=hidden]):not([type=submit]), select, textarea");
    return [...fields]
      .filter((one) => !(one.labels?.length && one.labels[0].textContent.trim()) && !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby"))
      .map((one) => `a field without a label: ${this.called(one)}`);
  },

  // Where Tab stops, one sees that one is there (2.4.7). Called after a key was pressed: focus by script shows then.
  focus() {
    const said = [];
    const stops = document.querySelectorAll("a[href], button:not(:disabled), input:not([type=hidden]):not(:disabled), select:not(:disabled), textarea, summary, [tabindex='0']");
    for (const one of stops) {
      if (one.tabIndex < 0 || !this.shown(one)) continue;
      const look = () => {
        const style = getComputedStyle(one);
        return { outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 && style.outlineColor, shadow: style.boxShadow };
      };
      const before = look();
      one.focus({ preventScroll: true });
      if (document.activeElement !== one) continue;
      const after = look();
      if (!after.outline && after.shadow === before.shadow) said.push(`no focus to be seen: ${this.called(one)}`);
      const box = one.getBoundingClientRect();
      if (box.width < 2 || box.height < 2) said.push(`focus on nothing: ${this.called(one)}`);
    }
    document.activeElement?.blur();
    return said;
  },

  open() {
    for (const one of document.querySelectorAll("main details")) one.open = true;
    document.querySelector(".menu-button")?.setAttribute("aria-expanded", "true");
  },

  // A line height of 1.5, letters and words apart (1.4.12): a sheet made by script is not the page's, so its policy is kept.
  spaced() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }");
    document.adoptedStyleSheets = [sheet];
  },
  unspaced() {
    document.adoptedStyleSheets = [];
  },
})
