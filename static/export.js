// An export with its rows so far and a way to stop it. Loaded when a link of it is first used.
const ROW = { csv: /\r\n/g, json: /\n\{/g, text: /^- /gm };
const count = (text, form) => Math.max((text.match(ROW[form]) ?? []).length - (form === "csv" ? 1 : 0), 0);

const nameIn = (disposition) => decodeURIComponent(/filename\*?=(?:utf-8'')?"?([^";]+)/.exec(disposition)[1]);

const save = (text, answer) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: answer.headers.get("content-type") }));
  link.download = nameIn(answer.headers.get("content-disposition"));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

const read = async (answer, tell) => {
  const reader = answer.body.pipeThrough(new TextDecoderStream("utf-8", { ignoreBOM: true })).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += value;
    tell(text);
  }
};

// Where the browser does not let it be copied, it is there to be copied by hand.
const showText = (place, text) => {
  const field = document.createElement("textarea");
  Object.assign(field, { value: text, readOnly: true, rows: 8 });
  field.setAttribute("aria-label", "All rows for the ticket");
  place.append(field);
  field.select();
};

const finish = async (form, text, answer, place, write) => {
  if (form !== "text") { save(text, answer); return "downloaded"; }
  try { await write(text); } catch { showText(place, text); return "to copy by hand"; }
  return "copied";
};

export const run = async (link, { say, write }) => {
  const place = link.closest(".export");
  if (place.querySelector("button")) return;
  place.querySelectorAll("output, textarea").forEach((old) => old.remove());
  const form = new URL(link.href).pathname.split("/").at(-2);
  const told = document.createElement("output");
  const cancel = Object.assign(document.createElement("button"), { className: "plain", textContent: "Cancel" });
  const stop = new AbortController();
  cancel.addEventListener("click", () => stop.abort());
  told.ariaLive = "off";
  place.append(told, cancel);
  const tell = (words) => { told.textContent = words; };
  tell("Asking Stigg");
  say("The export has begun");
  try {
    const answer = await fetch(link.href, { signal: stop.signal });
    if (!answer.ok || answer.redirected) { location.assign(answer.redirected ? answer.url : link.href); return; }
    const text = await read(answer, (sofar) => tell(`${count(sofar, form)} rows so far`));
    tell(`${count(text, form)} rows ${await finish(form, text, answer, place, write)}`);
  } catch {
    tell(`${stop.signal.aborted ? "Cancelled" : "The desk did not answer"}: nothing was exported.`);
  }
  say(told.textContent);
  if (document.activeElement === cancel) link.focus();
  cancel.remove();
};
