// The agent's desk: a call's words step by step, and one key for each thing that happens in it.
import { Queue, Sender, isStranger, kept, lastingStore, newId, renewed } from "./desk_queue.js";
import { fillIn, isEmpty, keepShell } from "./desk_shell.js";
import { HOLD, Told, isPending, secondsSince } from "./desk_told.js";
import { Words } from "./desk_words.js";

const root = document.getElementById("desk");
const says = JSON.parse(document.getElementById("says").textContent);
const form = document.getElementById("desk-form");
const preview = root.dataset.preview === "yes";
const EARLY = 30; // seconds within which a refusal says that the script failed
const PATIENCE = 1500; // so long a script is waited for
const FRESH = 600000; // so long words that stand by are not asked for again
const CALL = "scriptbench.desk.call";
const STANDBY = "scriptbench.desk.standby.";
const KEYS_OFF = "scriptbench.desk.keys";

const store = lastingStore();
const queue = new Queue(root.dataset.agent, preview ? null : store);
const sender = new Sender(queue, root, sent);
const words = new Words(document.getElementById("desk-steps"), says, root.dataset.agent);
const standbyAsked = new Map();
let call = null;
let outcomes = null; // of the call
let away = "";
let beginning = false;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const said = document.getElementById("desk-said");
const say = (text, values = {}) => {
  said.textContent = fill(text, values);
};
const named = (type) => root.querySelector(`[data-type="${type}"] .what`).textContent;

// ---- what waits ----

function sent(state) {
  if (state !== away && (state !== "sent" || away)) say(state === "sent" ? says.back : says[state]);
  if (state === "sent") keepShell(root, store); // the page to sign in on may have dropped it
  away = state === "sent" ? "" : state;
  document.getElementById("sign-in").hidden = state !== "signed_out";
  badge();
  keys();
}

function badge() {
  const many = queue.waiting();
  const mark = document.getElementById("desk-waiting");
  mark.textContent = many ? fill(says.waiting, { n: many }) : says.sent;
  mark.className = `badge tone-${many ? "warn" : "good"}`;
  const refused = queue.refused();
  const line = document.getElementById("desk-refused");
  line.hidden = !refused.length;
  if (refused.length) line.textContent = fill(says.refused, { n: refused.length, why: refused.at(-1).why });
  document.getElementById("desk-nowhere").hidden = preview || queue.lasting;
}

function tell(type, { at = Date.now(), hold = 0, ...more } = {}) {
  const { call_id, scenario } = call;
  const fact = { id: newId(), call_id, scenario, type, at: new Date(at).toISOString(), ...more };
  if (!preview) queue.put(fact, hold ? Date.now() + hold : 0);
  return fact.id;
}

// ---- beginning a call ----

// Attributes that this scenario does not ask for are not told.
function shape() {
  for (const field of form.querySelectorAll("[data-scenarios]")) {
    const asked = field.dataset.scenarios.split(" ").includes(form.elements.scenario.value);
    field.hidden = !asked;
    for (const input of field.querySelectorAll("input, select")) input.disabled = !asked;
  }
}

async function ask(body) {
  const address = preview ? root.dataset.look : root.dataset.script;
  const headers = { "X-CSRFToken": root.dataset.csrf };
  const signal = AbortSignal.timeout(PATIENCE);
  const answer = await fetch(address, { method: "POST", headers, body, redirect: "manual", signal });
  if (answer.ok) return answer.json();
  if ([404, 413, 422].includes(answer.status)) return { wrong: (await answer.json()).detail };
  if (isStranger(answer) && (await renewed(root, PATIENCE))) return ask(body);
  sent(isStranger(answer) ? "signed_out" : "offline");
  throw new Error(`the server answered ${answer.status}`);
}

async function begin() {
  if (beginning || call) return;
  beginning = true;
  try {
    await found();
  } finally {
    beginning = false;
  }
}

async function found() {
  const told = new URLSearchParams(); // as the server reads it
  for (const [name, value] of new FormData(form)) if (value.trim()) told.append(name, value.trim());
  if (!told.has("call_id")) told.set("call_id", newId());
  const before = restored(told);
  if (before) {
    open(before, told);
    return;
  }
  say(says.asking);
  const known = { call_id: told.get("call_id"), scenario: told.get("scenario"), locale: told.get("locale") };
  let script;
  try {
    script = await ask(told);
  } catch (problem) {
    console.warn(String(problem));
    script = standby(known);
  }
  if (!script || script.wrong) {
    say(script?.wrong ?? says.nothing);
    return;
  }
  const { text: name, dataset } = form.elements.scenario.selectedOptions[0];
  open({ ...known, ...script, name, direction: dataset.direction, began: Date.now(), told: {} }, told);
  if (script.standby) tell("served", { revision: script.revision, locale: call.locale, ...unnamed() });
  tell("displayed");
  served(told.get("resolved_at"));
  if (!script.standby) stockUp();
  changed();
  say(script.standby ? says.standby : says.begun, { scenario: call.name });
}

function served(moment) {
  const at = Date.parse(moment);
  if (Number.isNaN(at)) return;
  call.began = null; // when the call began is not known here
  outcomes.wasResolved(at);
}

// What conditions read of a call, for the report of words that stood in; never who the customer is.
function unnamed() {
  const told = { attributes: {} };
  for (const name of ["region", "team", "channel"]) {
    if (form.elements[name].value.trim()) told[name] = form.elements[name].value.trim();
  }
  for (const input of form.querySelectorAll("[data-kind]:not(:disabled)")) {
    const value = input.value.trim();
    if (!value) continue;
    if (input.dataset.kind === "flag") told.attributes[input.name] = value === "true";
    else told.attributes[input.name] = input.dataset.kind === "number" ? Number(value) : value;
  }
  return told;
}

function open(opened, told) {
  call = opened;
  outcomes = new Told(call, tell, (ids) => preview || queue.take(ids));
  outcomes.settle();
  words.known = told;
  root.dataset.state = "call";
  document.getElementById("desk-title").textContent = call.name;
  document.getElementById("desk-call-id").textContent = call.call_id;
  document.getElementById("desk-standby").hidden = !call.standby;
  for (const group of root.querySelectorAll(".desk-keys[data-direction]")) {
    group.hidden = group.dataset.direction !== call.direction;
  }
  address({ call_id: call.call_id, scenario: call.scenario, locale: call.locale });
  words.show(call);
  window.scrollTo(0, 0);
  changed();
}

// The address keeps which call it is, for a reload; who calls is taken out of it.
function address(told) {
  const query = new URLSearchParams({ ...told, ...(preview ? { preview: "1" } : {}) });
  history.replaceState(null, "", query.size ? `${root.dataset.desk}?${query}` : root.dataset.desk);
}

// ---- words that stand by ----

async function stockUp() {
  const asked = new URLSearchParams({ scenario: call.scenario, locale: call.locale }).toString();
  if (preview || !store || Math.abs(Date.now() - (standbyAsked.get(asked) ?? 0)) < FRESH) return;
  standbyAsked.set(asked, Date.now());
  const key = `${STANDBY}${call.scenario}.${call.locale}`;
  try {
    const answer = await fetch(`${root.dataset.standby}?${asked}`, { redirect: "manual", cache: "no-store" });
    if (answer.ok) kept(store, key, await answer.text());
  } catch (problem) {
    console.warn(String(problem)); // those known before stand by
  }
}

function standby({ scenario, locale }) {
  const known = store?.getItem(`${STANDBY}${scenario}.${locale}`);
  return known ? { ...JSON.parse(known), invite: false, standby: true } : null;
}

// ---- a reload ----

function keep() {
  if (preview) return;
  try {
    if (call) sessionStorage.setItem(CALL, JSON.stringify({ ...call, agent: root.dataset.agent }));
    else sessionStorage.removeItem(CALL);
  } catch {
    // Then the server is asked again, which gives the same words.
  }
}

function restored(told) {
  if (preview) return null;
  try {
    const last = JSON.parse(sessionStorage.getItem(CALL));
    const same = ["call_id", "scenario"].every((name) => last?.[name] === told.get(name));
    return same && last.agent === root.dataset.agent ? last : null;
  } catch {
    return null;
  }
}

// ---- what happened ----

function press(type) {
  if (!call) return;
  const [sentence, what] = outcomes.press(type);
  say(says[sentence], { what: named(what) });
  changed();
}

function next() {
  if (!call) return;
  const value = secondsSince(call.began);
  if (value !== null) tell("handled", { value });
  call = null;
  root.dataset.state = "form";
  for (const input of form.querySelectorAll("input:not([type=hidden]), select:not(#scenario, #locale)")) {
    input.value = "";
    input.removeAttribute("aria-invalid");
  }
  for (const input of form.querySelectorAll("[data-carried]")) input.remove();
  document.getElementById("desk-title").textContent = root.dataset.title;
  address({});
  changed();
  say(says.ended);
  document.getElementById("desk-begin").focus();
}

// ---- the page ----

function changed() {
  keep();
  badge();
  keys();
  if (call) words.reveal(Boolean(call.told.resolved));
  if (!preview) sender.plan();
}

function keys() {
  clearTimeout(keys.timer);
  for (const key of root.querySelectorAll("[data-type]")) {
    const one = call?.told[key.dataset.type];
    const open = isPending(one);
    key.setAttribute("aria-pressed", String(Boolean(one)));
    key.classList.toggle("pending", open);
    key.setAttribute("aria-disabled", String(Boolean(call && !one && outcomes.refusal(key.dataset.type))));
    key.querySelector(".under").textContent = one ? when(one, open) : "";
    if (open) keys.timer = setTimeout(keys, HOLD - (Date.now() - one.pressed) + 20);
  }
}

function when(one, open) {
  if (one.seconds !== undefined) return fill(one.seconds <= EARLY ? says.early : says.after, { n: one.seconds });
  if (open) return says.again;
  return new Date(one.at).toLocaleTimeString(document.documentElement.lang, { hour12: false });
}

const shortcuts = document.getElementById("shortcuts");
const help = document.getElementById("desk-help");

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey || !shortcuts.checked) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
  if (event.key === "?") {
    help.open = !help.open;
  } else if (call && event.key === "0") {
    next();
  } else {
    const same = [...root.querySelectorAll("[data-type]")].filter((each) => each.dataset.key === event.key);
    const key = same.find((each) => each.offsetParent); // of the two orders only one is there
    if (!call || !key) return;
    press(key.dataset.type);
  }
  event.preventDefault();
});

root.addEventListener("click", (event) => {
  const key = event.target.closest("[data-type]");
  if (key) press(key.dataset.type);
  if (event.target.closest("#desk-next")) next();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  begin();
});
form.elements.scenario.addEventListener("change", shape);
shortcuts.checked = store?.getItem(KEYS_OFF) !== "off";
shortcuts.addEventListener("change", () => {
  if (store) kept(store, KEYS_OFF, shortcuts.checked ? "on" : "off");
  say(shortcuts.checked ? says.shortcuts_on : says.shortcuts_off);
});

window.addEventListener("pagehide", () => outcomes?.settle());
window.addEventListener("storage", badge); // another window told or sent something

shape();
badge();
if (!preview) {
  sender.nudge();
  window.addEventListener("load", () => keepShell(root, store));
}
if (isEmpty(form)) {
  fillIn(form);
  shape();
  begin();
} else if (root.dataset.begins === "yes") {
  begin();
}
