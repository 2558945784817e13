// What an agent tells, until the server has it. Each fact is an entry of its own in the browser's local store, which
// unlike its database writes at once: the fact is there before the key is up again, even if the page goes then, and
// no window overwrites another's. Sent twice under its id it changes nothing. No fact says who the customer is.
import { HOLD } from "./desk_told.js";

const FACT = "scriptbench.desk.fact.";
const REFUSED = "scriptbench.desk.refused.";
const TRY = "scriptbench.desk.try";
const MOST = 100; // facts in a request
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30000;
const PATIENCE = 10000;
const REFUSED_KEPT = 20;

let last = 0;

// An id that sorts by the time it was made: UUID version 7 (RFC 9562, section 5.7).
export function newId() {
  last = Math.max(Date.now(), last + 1);
  const chance = crypto.getRandomValues(new Uint8Array(10));
  chance[0] = 0x70 | (chance[0] & 0x0f);
  chance[2] = 0x80 | (chance[2] & 0x3f);
  const hex = (number, width) => number.toString(16).padStart(width, "0");
  const digits = hex(last, 12) + [...chance].map((byte) => hex(byte, 2)).join("");
  return digits.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// The browser's store, full or not; null where there is none.
export function lastingStore() {
  try {
    localStorage.getItem(TRY);
    return localStorage;
  } catch {
    return null;
  }
}

// Keeps a text if there is room for it, and says whether there was.
export function kept(store, key, text) {
  try {
    store.setItem(key, text);
    return true;
  } catch (full) {
    console.warn(String(full));
    return false;
  }
}

// How long an entry is still held. Nothing is held longer than HOLD: then the clock was set back meanwhile.
const heldFor = ({ due }, now) => (due <= now || due > now + HOLD ? 0 : due - now);

function memory() {
  const kept = new Map();
  return {
    get length() {
      return kept.size;
    },
    key: (place) => [...kept.keys()][place] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => kept.set(key, text),
    removeItem: (key) => kept.delete(key),
  };
}

export class Queue {
  // What another person told at this machine waits for that person. What finds no room in the store is in this page's
  // memory, and what is in the store stays there: every entry is in one of the two.
  constructor(agent, store) {
    this.agent = agent;
    this.spare = memory();
    this.stores = store ? [store, this.spare] : [this.spare];
    this.room = kept(this.stores[0], TRY, "1");
    this.#remove(TRY);
    this.own = new Set(); // facts that this window holds back
    this.underway = null; // ids that are being sent
  }

  // Says whether what waits, and what is told next, outlives this page.
  get lasting() {
    return this.stores.length > 1 && this.room && !this.#entries(FACT, [this.spare]).length;
  }

  put(fact, due) {
    if (due) this.own.add(fact.id);
    this.#keep(FACT + fact.id, { agent: this.agent, due, fact });
  }

  // Takes facts back, if all of them are still here and none is on its way.
  take(ids) {
    const here = ids.every((id) => this.#get(FACT + id) !== null && !this.underway?.has(id));
    if (here) for (const id of ids) this.#remove(FACT + id);
    return here;
  }

  // Nothing of this window can be undone any more: what it holds back goes out as soon as it can.
  release() {
    for (const each of this.#entries(FACT)) {
      if (this.own.has(each.fact.id)) this.#keep(FACT + each.fact.id, { ...each, due: 0 });
    }
    this.own.clear();
  }

  waiting() {
    return this.#entries(FACT).length;
  }

  due(now) {
    const found = this.#entries(FACT).filter((each) => !heldFor(each, now));
    return found.slice(0, MOST).map((each) => each.fact);
  }

  // Gives the milliseconds until something is due; without end where nothing waits.
  untilDue(now) {
    return Math.min(...this.#entries(FACT).map((each) => heldFor(each, now)));
  }

  settle({ kept: known, refused }) {
    for (const id of known) this.#remove(FACT + id);
    for (const { id, why } of refused) {
      const entry = this.#get(FACT + id);
      this.#remove(FACT + id); // it will never be taken, whether or not there is room to say so
      if (entry !== null) this.#keep(REFUSED + id, { ...JSON.parse(entry), why });
    }
    for (const each of this.refused().slice(0, -REFUSED_KEPT)) this.#remove(REFUSED + each.fact.id);
  }

  refused() {
    return this.#entries(REFUSED);
  }

  #keep(key, entry) {
    this.#remove(key);
    const text = JSON.stringify(entry);
    this.room = kept(this.stores[0], key, text);
    if (!this.room) this.spare.setItem(key, text);
  }

  #get(key) {
    return this.stores.map((store) => store.getItem(key)).find((text) => text !== null) ?? null;
  }

  #remove(key) {
    for (const store of this.stores) store.removeItem(key);
  }

  #entries(prefix, stores = this.stores) {
    const keys = (store) => Array.from({ length: store.length }, (_, place) => store.key(place));
    const all = stores.flatMap((store) => keys(store).map((key) => [key, store]));
    const found = all.filter(([key]) => key.startsWith(prefix)).map(([key, store]) => JSON.parse(store.getItem(key)));
    return found
      .filter((entry) => entry.agent === this.agent)
      .sort((one, other) => (one.fact.id < other.fact.id ? -1 : 1));
  }
}

// Says whether an answer means that nobody is signed in here any more, or that the page's token is an old one.
export const isStranger = (answer) => answer.type === "opaqueredirect" || [400, 401, 403].includes(answer.status);

// The same person may have signed in again in another window: then the page is given its new token.
export async function renewed(root, patience = PATIENCE) {
  const signal = AbortSignal.timeout(patience);
  const answer = await fetch(root.dataset.desk, { redirect: "manual", cache: "no-store", signal });
  if (!answer.ok) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("desk");
  if (fresh?.dataset.agent !== root.dataset.agent || fresh.dataset.csrf === root.dataset.csrf) return false;
  root.dataset.csrf = fresh.dataset.csrf;
  return true;
}

export class Sender {
  // `changed` is told "sent", "offline" or "signed_out" after each try.
  constructor(queue, root, changed) {
    this.queue = queue;
    this.root = root;
    this.changed = changed;
    this.pause = 0;
    this.timer = 0;
    window.addEventListener("online", () => this.nudge());
    window.addEventListener("pagehide", () => this.#farewell());
    document.addEventListener("visibilitychange", () => document.hidden || this.nudge());
  }

  // Looks at once whether something is due, whatever the last try came to.
  nudge() {
    this.pause = 0;
    this.#soon(0);
  }

  plan() {
    if (!this.pause) this.#soon(this.queue.untilDue(Date.now()));
  }

  #soon(milliseconds) {
    clearTimeout(this.timer);
    if (Number.isFinite(milliseconds)) this.timer = setTimeout(() => this.#send(), milliseconds);
  }

  async #send() {
    if (this.queue.underway) return;
    const facts = this.queue.due(Date.now());
    if (!facts.length) {
      this.plan();
      return;
    }
    this.queue.underway = new Set(facts.map((fact) => fact.id));
    let state = "sent";
    try {
      state = await this.#deliver(facts);
    } catch (problem) {
      console.warn(String(problem));
      state = "offline";
    } finally {
      this.queue.underway = null;
    }
    this.pause = state === "sent" ? 0 : Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, 2 * this.pause));
    this.changed(state);
    if (this.pause) this.#soon(this.pause * (0.75 + 0.25 * Math.random()));
    else this.plan();
  }

  async #deliver(facts) {
    const answer = await this.#post(facts, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok) {
      this.queue.settle(await answer.json());
      return "sent";
    }
    if (isStranger(answer)) return (await renewed(this.root)) ? "sent" : "signed_out"; // then it is sent again
    if (answer.status === 422 && facts.length === 1) {
      const { detail } = await answer.json();
      this.queue.settle({ kept: [], refused: [{ id: facts[0].id, why: detail }] });
      return "sent";
    }
    throw new Error(`the server answered ${answer.status}`);
  }

  #post(facts, more) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.root.dataset.csrf };
    const body = JSON.stringify({ facts });
    const how = { method: "POST", headers, body, redirect: "manual", cache: "no-store" };
    return fetch(this.root.dataset.tell, { ...how, ...more });
  }

  // The page goes: what waits is sent once more without waiting for the answer, and stays here until there is one.
  #farewell() {
    this.queue.release();
    const facts = this.queue.due(Date.now());
    if (facts.length) this.#post(facts, { keepalive: true }).catch(() => {});
  }
}
