// What the pages gain when scripts run: copy buttons, single keys, a dimmed table while new rows come, focus and words after it.
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

const copy = async (button, focusAfter = button) => {
  const text = button.dataset.copy ?? document.getElementById(button.dataset.copyFrom).value;
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyBySelection(text);
    button.dataset.copied = "";
    button.querySelector("use").setAttribute("href", "#i-check");
    say(button.dataset.said ?? "Copied");
  } catch {
    say("Could not copy. Select the text and copy it by hand.");
  }
  focusAfter.focus({ preventScroll: true });
  setTimeout(() => {
    delete button.dataset.copied;
    button.querySelector("use").setAttribute("href", "#i-copy");
  }, 2000);
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (button) copy(button);
});

// --- Keys -------------------------------------------------------------------------------------------------------------

// Single keys can be switched off (WCAG 2.1.4). The switch is a setting of this browser; it holds no customer's data.
const SWITCH = "desk-keys";
const remembered = () => { try { return localStorage.getItem(SWITCH) ?? "on"; } catch { return "on"; } };

const switchKeys = (state) => {
  document.documentElement.dataset.keys = state;
  document.getElementById("keys")?.setAttribute("aria-pressed", String(state === "on"));
};

switchKeys(remembered());

document.getElementById("keys")?.addEventListener("click", () => {
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

const copyTicket = () => {
  const button = document.getElementById("copy-ticket");
  if (button) copy(button, document.activeElement);
  return button;
};

const openLink = (number) => {
  const link = document.querySelector(`#results a[data-key="${number}"]`);
  link?.click();
  return link;
};

const SHORTCUTS = { "/": toBox, "c": copyTicket };

document.addEventListener("keydown", (event) => {
  if (document.documentElement.dataset.keys === "off" || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const act = SHORTCUTS[event.key] ?? (/^[1-9]$/.test(event.key) ? openLink : null);
  if (act?.(event.key)) event.preventDefault();
});

// --- Results ----------------------------------------------------------------------------------------------------------

document.addEventListener("htmx:beforeRequest", () => results().setAttribute("aria-busy", "true"));

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
});

// A page that comes back from the browser's memory may show a customer after its sign-in has ended.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
