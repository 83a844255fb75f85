"use strict";

const say = (text) => {
  const place = document.getElementById("announcement");
  place.textContent = "";
  requestAnimationFrame(() => { place.textContent = text; });
};

const opensElsewhere = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;

const results = () => document.getElementById("results");

// --- Copy

// Over plain http there is no clipboard; selecting works.
const copyBySelection = (text) => {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("copying is not allowed here");
};

const write = async (text) => (navigator.clipboard ? navigator.clipboard.writeText(text) : copyBySelection(text));

const copy = async (button, focusAfter = button) => {
  const from = document.getElementById(button.dataset.copyFrom);
  try {
    await write(from ? from.value : button.previousElementSibling.textContent);
    button.dataset.copied = "";
    say(button.dataset.said ?? "Copied");
  } catch {
    say("Could not copy. Select the text and copy it by hand.");
  }
  focusAfter.focus({ preventScroll: true });
  setTimeout(() => { delete button.dataset.copied; }, 2000);
};

document.addEventListener("click", (event) => {
  const button = event.target.closest(".copy, [data-copy-from]");
  if (button) copy(button);
});

// What few need is loaded when it is used; without it the link is a plain one.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-script]");
  if (!link || opensElsewhere(event)) return;
  event.preventDefault();
  import(link.dataset.script).then(({ run }) => run(link, { say, write }), () => location.assign(link.href));
});

// --- The record

const tellOpened = (event) => {
  const link = event.target.closest("a[target=_blank]");
  const address = link?.closest("[data-opened]")?.dataset.opened;
  if (!address || event.button > 1) return;
  const said = new FormData();
  said.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
  said.set("integration", link.closest("[data-integration-id]")?.dataset.integrationId ?? "");
  navigator.sendBeacon(address, said);
};

for (const name of ["click", "auxclick"]) document.addEventListener(name, tellOpened);

// --- Keys

// They can be switched off (WCAG 2.1.4), for this browser.
const SWITCH = "desk-keys";
const remembered = () => { try { return localStorage.getItem(SWITCH) ?? "on"; } catch { return "on"; } };

const switchKeys = (state) => {
  document.documentElement.dataset.keys = state;
  document.getElementById("keys")?.setAttribute("aria-pressed", String(state === "on"));
};

switchKeys(remembered());

document.addEventListener("click", (event) => {
  if (!event.target.closest("#keys")) return;
  const state = document.documentElement.dataset.keys === "on" ? "off" : "on";
  switchKeys(state);
  try { localStorage.setItem(SWITCH, state); } catch { /* it then lasts as long as the page */ }
});

const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

const toBox = () => {
  const box = document.getElementById("q");
  box?.focus();
  box?.select();
  return box;
};

const toFind = () => {
  const box = document.getElementById("find");
  box?.select();
  return box;
};

const copyFrom = (button) => {
  if (button) copy(button, document.activeElement);
  return button;
};

const click = (selector, within = document) => {
  const link = within?.querySelector(selector);
  link?.click();
  return link;
};

const row = () => document.activeElement.closest("#results tbody tr");

const toRow = (step) => {
  const rows = [...document.querySelectorAll("#results tbody tr")];
  const at = rows.indexOf(row() ?? document.getElementById("row"));
  const next = rows[at < 0 ? 0 : at + step];
  if (!next) return null;
  next.tabIndex = -1;
  next.focus();
  return next;
};

// One Tab stop a row; → and ← lead to the rest of it.
const stops = (of) => [...of.querySelectorAll("a, button, summary")];

const joinStops = () => {
  for (const each of document.querySelectorAll("#results tbody tr")) {
    const all = stops(each);
    const first = each.querySelector(".open") ?? all[0];
    for (const stop of all) if (stop !== first) stop.tabIndex = -1;
  }
};

joinStops();
document.addEventListener("keydown", (event) => {
  const { activeElement: held } = document;
  const within = { ArrowRight: row(), ArrowLeft: row(), ArrowDown: held.closest(".customers"), ArrowUp: held.closest(".customers") }[event.key];
  if (!within || opensElsewhere(event) || event.defaultPrevented) return;
  const all = stops(within);
  const next = all[all.indexOf(held) + (/Right|Down/.test(event.key) ? 1 : -1)];
  next?.focus();
  if (next) event.preventDefault();
});

const SHORTCUTS = {
  "/": toBox,
  "?": () => click("#help-link"),
  "c": () => copyFrom(document.getElementById("copy-ticket")),
  "e": () => click(".details", row()),
  "enter": () => document.activeElement === row() && click(".open", row()),
  "f": toFind,
  "j": () => toRow(1),
  "k": () => toRow(-1),
  "r": () => click("#refresh"),
  "y": () => copyFrom(row()?.querySelector(".copy")),
};

// Caps Lock changes the letter. Shift is a modifier, but where it makes the sign.
document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if (document.documentElement.dataset.keys === "off" || event.repeat && !"jk".includes(key)) return;
  // Nothing that the empty box takes begins with these.
  const isFree = "/?".includes(key) && event.target.matches("#q:placeholder-shown");
  if (opensElsewhere(event) && key !== "?" || isTyping(event.target) && !isFree) return;
  if (document.querySelector("dialog[open]")) return;
  const act = SHORTCUTS[key] ?? (/^[1-9]$/.test(key) ? () => click(`#results [data-key="${key}"]`) : null);
  if (act?.()) event.preventDefault();
});

// --- Help

// The page as a dialog, else the link leads there.
const showHelp = async (link) => {
  const text = await fetch(link.href).then((answer) => answer.text(), () => "");
  const help = new DOMParser().parseFromString(text, "text/html").getElementById("help");
  if (!help) { location.assign(link.href); return; }
  const dialog = document.createElement("dialog");
  const close = document.createElement("button");
  close.className = "plain";
  close.textContent = "Close";
  close.autofocus = true;
  close.addEventListener("click", () => dialog.close());
  dialog.setAttribute("aria-labelledby", "help-heading");
  dialog.append(help, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  switchKeys(document.documentElement.dataset.keys);
  dialog.showModal();
};

document.getElementById("help-link")?.addEventListener("click", (event) => {
  if (opensElsewhere(event) || document.getElementById("help")) return;
  event.preventDefault();
  showHelp(event.currentTarget);
});

// --- What may be opened next

// At most one for each address that is shown.
let ahead;

const fetchAhead = ({ target }) => {
  const link = target.closest?.("#results [rel=next], #suggestions a");
  if (!link || ahead === location.href) return;
  ahead = location.href;
  const next = new URL(link.href);
  next.pathname += "ahead/";
  fetch(next).catch(() => {});
};

for (const name of ["mouseover", "focusin"]) document.addEventListener(name, fetchAhead);

// --- Suggestions

// ARIA's combobox: the focus stays in the box. Enter never waits.
const FEWEST_LETTERS = 3;
const MOST_LETTERS = 100;

const combobox = (box, list) => {
  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (!option) { box.removeAttribute("aria-activedescendant"); return; }
    box.setAttribute("aria-activedescendant", option.id);
    fetchAhead({ target: option });
  };

  const show = (open) => {
    choose(null);
    list.hidden = !open;
    box.setAttribute("aria-expanded", String(open));
  };

  const move = (step) => {
    const all = [null, ...options()];
    choose(all.at((all.indexOf(chosen()) + step) % all.length));
  };

  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const recent = box.value ? null : document.querySelector(".customers a");
    if (event.key === "ArrowDown" && recent) recent.focus();
    else if (list.hidden) return;
    else if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") show(false);
    else if (event.key === "Enter" && chosen()) chosen().click();
    else return;
    event.preventDefault();
  });

  box.addEventListener("paste", (event) => {
    const lines = event.clipboardData.getData("text").split(/[\r\n]+/).filter((line) => line.trim());
    if (lines.length < 2) return;
    event.preventDefault();
    box.setRangeText(lines.join("; "), box.selectionStart, box.selectionEnd, "end");
    box.value = box.value.slice(0, box.maxLength); // as the browser cuts a line
  });

  box.addEventListener("blur", () => show(false));
  list.addEventListener("mousedown", (event) => event.preventDefault());

  box.addEventListener("htmx:beforeRequest", (event) => {
    const letters = box.value.trim().length;
    if (letters >= FEWEST_LETTERS && letters <= MOST_LETTERS) return;
    event.preventDefault();
    show(false);
  });
  // Errors are for Enter to show.
  box.addEventListener("htmx:beforeOnLoad", (event) => { if (event.detail.xhr.status !== 200) event.preventDefault(); });
  list.addEventListener("htmx:afterSwap", () => {
    const found = options().length;
    show(found > 0 && document.activeElement === box);
    if (found && !document.getElementById("waiting")) say(`${found} suggestion${found === 1 ? "" : "s"}`);
  });

  const named = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" };
  for (const [name, value] of Object.entries(named)) box.setAttribute(name, value);
};

const suggestions = document.getElementById("suggestions");
if (suggestions) combobox(document.getElementById("q"), suggestions);

// --- Look-up

// A text too long for an address is sent as a form.
const LONGEST_ADDRESS = 5_000; // bytes of the text in it

document.addEventListener("submit", (event) => {
  const box = event.target.querySelector("#q");
  if (box) event.target.method = String(new URLSearchParams({ q: box.value })).length > LONGEST_ADDRESS ? "post" : "get";
});

// --- Waiting

// A screen reader hears two sentences. A download or a stop does not end the wait; Escape and time do.
const LONGEST_WAIT = 100; // ticks, three times as long as the desk waits for Stigg
const bar = document.createElement("p");
bar.id = "waiting";
bar.setAttribute("aria-hidden", "true");
let waiting;

const stopWaiting = () => {
  clearInterval(waiting);
  bar.remove();
};

const startWaiting = () => {
  stopWaiting();
  let ticks = 0;
  waiting = setInterval(() => {
    bar.textContent = `Asking Stigg${ticks < 10 ? "" : `, ${Math.floor(ticks * 0.3)} s`}`;
    if (ticks === 0) { document.body.append(bar); say("Asking Stigg"); }
    if (ticks === 10) say("Still asking Stigg, for three seconds now");
    if (ticks++ === LONGEST_WAIT) stopWaiting();
  }, 300);
};

document.addEventListener("submit", startWaiting);
document.addEventListener("click", (event) => {
  if (event.target.closest("a[href^='/']:not([target], [download], [type], .account a)") && !opensElsewhere(event)) startWaiting();
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") stopWaiting(); });
window.addEventListener("pageshow", stopWaiting);
document.addEventListener("htmx:afterRequest", (event) => { if (event.target.id !== "q") stopWaiting(); });

// --- Results

document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.target.closest("#results")?.setAttribute("aria-busy", "true");
});

// A page left open must not call an old answer new.
const inWords = (minutes) => (minutes < 1 ? "just now" : minutes < 60 ? `${minutes} min old` : `${Math.floor(minutes / 60)} h old`);

const tellAges = () => {
  for (const age of document.querySelectorAll("time[data-age]")) {
    age.title ||= age.textContent;
    age.textContent = inWords(Math.floor((Date.now() - Date.parse(age.dateTime)) / 60000));
  }
};

tellAges();
setInterval(tellAges, 15000);

// Tries again three times, and never while nobody looks.
const AUTOMATIC_TRIES = 3;
let tries = 0;

const countDown = () => {
  const panel = document.querySelector("[data-retry-after]");
  if (!panel) { tries = 0; return; }
  const due = Date.now() + Number(panel.dataset.retryAfter) * 1000 + Math.random() * 1000; // not all at once
  const shown = panel.querySelector("[data-countdown]");
  const again = document.getElementById("try-again"); // a look-up has none
  const tick = () => {
    if (!panel.isConnected) return;
    const left = Math.ceil((due - Date.now()) / 1000);
    shown.textContent = Math.max(left, 0);
    if (left > 0 || document.hidden) setTimeout(tick, 500);
    else if (again && tries < AUTOMATIC_TRIES) { tries += 1; again.click(); }
    else shown.parentElement.textContent = "The wait is over. Try again when you like.";
  };
  tick();
};

countDown();

const unreachable = (event) => {
  if (event.detail.target.id === "suggestions") return;
  results().removeAttribute("aria-busy");
  results().querySelector("[data-problem=desk-unreachable]")?.remove();
  const notice = document.getElementById("unreachable").content.cloneNode(true);
  const heading = document.getElementById("results-heading");
  (heading.closest("header") ?? heading).after(notice);
  say(results().querySelector("[data-problem=desk-unreachable]").textContent);
};

document.addEventListener("htmx:sendError", unreachable);
document.addEventListener("htmx:timeout", unreachable);

// Whole pages stay out of this one; late states take away neither a text nor the focus.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, target, serverResponse } = event.detail;
  const { activeElement: held } = document;
  if (requestConfig.elt.id === "late-states" && (held.id === "find" || (results().contains(held) && !held.id))) {
    event.detail.shouldSwap = false;
    results().removeAttribute("aria-busy");
    return;
  }
  if (target.id === "suggestions") return;
  if (serverResponse.includes(`id="${target.id}"`)) {
    // Else htmx tells each element of old rows, which hold nothing of its own, that it goes.
    target.querySelector("tbody")?.remove();
    return;
  }
  event.detail.shouldSwap = false;
  unreachable(event);
});

// With a key held a click asks for a tab.
document.addEventListener("click", (event) => {
  if (opensElsewhere(event) && event.target.closest("[hx-get]")) event.stopPropagation();
}, true);

// A focus that went with the old rows starts anew.
document.addEventListener("htmx:afterSettle", (event) => {
  const heading = document.getElementById("results-heading");
  if (!heading || event.target.closest("#results") === null) return;
  const row = document.getElementById("row");
  if (document.activeElement === document.body && row) row.focus();
  else if (document.activeElement === document.body) {
    heading.focus({ preventScroll: true });
    if (heading.getBoundingClientRect().top < 0) scrollTo(0, 0);
  }
  say((results().querySelector("[data-stale] span") ?? heading).textContent);
  tellAges();
  countDown();
  joinStops();
});

const forgetPath = () => { try { sessionStorage.removeItem("htmx-current-path-for-history"); } catch { /* nothing is kept */ } };

forgetPath();
for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) document.addEventListener(name, forgetPath);

// A page from the browser's memory may show a customer after the sign-in has ended.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
