// What the pages gain when scripts run: copy buttons, a dimmed table while new rows come, focus and words after it.
"use strict";

const say = (text) => {
  const place = document.getElementById("announcement");
  place.textContent = "";
  requestAnimationFrame(() => { place.textContent = text; });
};

const results = () => document.getElementById("results");

// --- Copy -------------------------------------------------------------------------------------------------------------

// The clipboard needs a secure page; an internal desk may be served by plain http, where selecting still works.
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

const copy = async (button) => {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(button.dataset.copy);
    else copyBySelection(button.dataset.copy);
    button.dataset.copied = "";
    button.querySelector("use").setAttribute("href", "#i-check");
    say("Copied");
  } catch {
    say("Could not copy. Select the text and copy it by hand.");
  }
  button.focus();
  setTimeout(() => {
    delete button.dataset.copied;
    button.querySelector("use").setAttribute("href", "#i-copy");
  }, 2000);
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

// --- Keys -------------------------------------------------------------------------------------------------------------

const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "r") document.getElementById("refresh")?.click();
  const box = document.getElementById("q");
  if (event.key !== "/" || !box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// --- Results ----------------------------------------------------------------------------------------------------------

document.addEventListener("htmx:beforeRequest", () => results().setAttribute("aria-busy", "true"));

// Ages tick on, or a page left open would call an old answer new.
const inWords = (seconds) => (seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`);

const tellAges = () => {
  for (const age of document.querySelectorAll("time[data-age]")) {
    age.title = age.dateTime;
    age.textContent = `${inWords(Math.max(0, Math.floor((Date.now() - Date.parse(age.dateTime)) / 1000)))} old`;
  }
};

tellAges();
setInterval(tellAges, 1000);

// A wait that Stigg asked for is counted down, then the page tries again: three times, and never while nobody looks.
const AUTOMATIC_TRIES = 3;
let tries = 0;

const countDown = () => {
  const panel = document.querySelector("[data-retry-after]");
  if (!panel) { tries = 0; return; }
  // All who wait would come back in the same instant.
  const due = Date.now() + Number(panel.dataset.retryAfter) * 1000 + Math.random() * 1000;
  const tick = () => {
    if (!panel.isConnected) return;
    const left = Math.ceil((due - Date.now()) / 1000);
    panel.querySelector("[data-countdown]").textContent = Math.max(left, 0);
    if (left > 0 || document.hidden) setTimeout(tick, 500);
    else if (tries < AUTOMATIC_TRIES) { tries += 1; document.getElementById("try-again").click(); }
  };
  tick();
};

countDown();

const unreachable = () => {
  results().removeAttribute("aria-busy");
  results().querySelector("[data-problem=desk-unreachable]")?.remove();
  const notice = document.getElementById("unreachable").content.cloneNode(true);
  document.getElementById("results-heading").after(notice);
  say(results().querySelector("[data-problem=desk-unreachable]").textContent);
};

document.addEventListener("htmx:sendError", unreachable);
document.addEventListener("htmx:timeout", unreachable);

// htmx keeps the focus where the same id is in the new rows (the chips); everything else starts at the heading.
document.addEventListener("htmx:afterSettle", (event) => {
  const heading = document.getElementById("results-heading");
  if (!heading || event.target.closest("#results") === null) return;
  if (!results().contains(document.activeElement)) heading.focus({ preventScroll: true });
  say(heading.textContent);
  tellAges();
  countDown();
});

// A page that comes back from the browser's memory may show a customer after its sign-in has ended.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
