// What an agent tells, until the server has it. Each fact is an entry of its own in the browser's local store, which
// unlike its database writes at once: the fact is there before the key is up again, even if the page goes then, and
// no window overwrites another's. Sent twice under its id it changes nothing. No fact says who the customer is.

const FACT = "scriptbench.desk.fact.";
const REFUSED = "scriptbench.desk.refused.";
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

// The browser's store, or, where it keeps nothing, this page's memory.
export function lastingStore() {
  try {
    localStorage.setItem("scriptbench.desk.try", "1");
    localStorage.removeItem("scriptbench.desk.try");
    return localStorage;
  } catch {
    return null;
  }
}

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
  // What another person told at this machine waits for that person.
  constructor(agent, store) {
    this.agent = agent;
    this.lasting = store !== null;
    this.store = store ?? memory();
    this.own = new Set(); // facts that this window holds back
    this.underway = null; // ids that are being sent
  }

  put(fact, due) {
    if (due) this.own.add(fact.id);
    const entry = JSON.stringify({ agent: this.agent, due, fact });
    try {
      this.store.setItem(FACT + fact.id, entry);
    } catch (full) {
      console.warn(full);
      const waiting = this.#entries(FACT);
      this.store = memory();
      this.lasting = false;
      for (const each of waiting) this.store.setItem(FACT + each.fact.id, JSON.stringify(each));
      this.store.setItem(FACT + fact.id, entry);
    }
  }

  // Takes facts back, if all of them are still here and none is on its way.
  take(ids) {
    const here = ids.every((id) => this.store.getItem(FACT + id) !== null && !this.underway?.has(id));
    if (here) for (const id of ids) this.store.removeItem(FACT + id);
    return here;
  }

  // Nothing of this window can be undone any more: what it holds back goes out as soon as it can.
  release() {
    for (const each of this.#entries(FACT)) {
      if (this.own.has(each.fact.id)) this.store.setItem(FACT + each.fact.id, JSON.stringify({ ...each, due: 0 }));
    }
    this.own.clear();
  }

  waiting() {
    return this.#entries(FACT).length;
  }

  due(now) {
    const found = this.#entries(FACT).filter((each) => each.due <= now);
    return found.slice(0, MOST).map((each) => each.fact);
  }

  nextDue() {
    return Math.min(...this.#entries(FACT).map((each) => each.due));
  }

  settle({ kept, refused }) {
    for (const id of kept) this.store.removeItem(FACT + id);
    for (const { id, why } of refused) {
      const entry = this.store.getItem(FACT + id);
      if (entry === null) continue;
      this.store.setItem(REFUSED + id, JSON.stringify({ ...JSON.parse(entry), why }));
      this.store.removeItem(FACT + id);
    }
    for (const each of this.refused().slice(0, -REFUSED_KEPT)) this.store.removeItem(REFUSED + each.fact.id);
  }

  refused() {
    return this.#entries(REFUSED);
  }

  #entries(prefix) {
    const found = [];
    for (let place = 0; place < this.store.length; place += 1) {
      const key = this.store.key(place);
      if (!key.startsWith(prefix)) continue;
      const entry = JSON.parse(this.store.getItem(key));
      if (entry.agent === this.agent) found.push(entry);
    }
    return found.sort((one, other) => (one.fact.id < other.fact.id ? -1 : 1));
  }
}

// Says whether an answer means that nobody is signed in here any more, or that the page's token is an old one.
export const isStranger = (answer) => answer.type === "opaqueredirect" || [400, 401, 403].includes(answer.status);

// The same person may have signed in again in another window: then the page is given its new token.
export async function renewed(root) {
  const answer = await fetch(root.dataset.desk, { redirect: "manual", cache: "no-store" });
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
    if (!this.pause) this.#soon(Math.max(0, this.queue.nextDue() - Date.now()));
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
