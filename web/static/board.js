// The board, kept fresh without losing what somebody types, filtered without a reload, and walked by keyboard.
// Everything here is also there without it: filters are a form, moves are buttons and links.
"use strict";

(() => {
  const board = document.getElementById("board");
  if (!board) return;
  const filters = document.getElementById("filters");
  const says = JSON.parse(document.getElementById("says").textContent);
  const said = document.getElementById("said");
  let mark = board.dataset.mark;
  let failed = false;
  let ended = false;

  const say = (text) => {
    said.textContent = text;
  };

  // ---- fetching ----

  function query() {
    const asked = [...new FormData(filters)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value);
    return new URLSearchParams(asked).toString();
  }

  const address = (path, asked) => (asked ? `${path}?${asked}` : path);

  // `asked` anew shows what a filter leaves; otherwise only what changed is shown, and said.
  async function load({ anew = false } = {}) {
    if (ended) return;
    const asked = query();
    try {
      const headers = mark && !anew ? { "If-None-Match": mark } : {};
      const answer = await fetch(address(board.dataset.cards, asked), { headers, cache: "no-store" });
      if (asked !== query()) return; // another filter was chosen meanwhile
      if (answer.redirected || answer.status === 401) {
        ended = true;
        say(says.signed_out);
        return;
      }
      if (answer.status !== 304) {
        if (!answer.ok) throw new Error(answer.statusText);
        const next = new DOMParser().parseFromString(await answer.text(), "text/html");
        mark = answer.headers.get("ETag");
        const changes = swap(next);
        if (anew) say(board.querySelector('[data-live="shown"]').textContent);
        else if (changes.length) tell(changes);
      }
      if (failed) say(says.back);
      failed = false;
    } catch (problem) {
      if (!failed) say(says.away);
      failed = true;
      console.warn(problem);
    }
  }

  // ---- swapping: by key, and only what is another ----

  const items = (root) => new Map([...root.querySelectorAll("[data-key]")].map((item) => [item.dataset.key, item]));
  const fields = (item) => [...item.querySelectorAll("textarea, input:not([type=hidden])")];
  const isTypedIn = (item) =>
    fields(item).some((field) => field === document.activeElement || field.value !== field.defaultValue);

  function swap(next) {
    const old = items(board);
    const fresh = items(next);
    const changes = changesOf(old, fresh);
    const held = new Set([...old.values()].filter(isTypedIn));
    const focus = focused();
    for (const list of next.querySelectorAll("[data-list]")) {
      const here = board.querySelector(`[data-list="${list.dataset.list}"]`);
      arrange(here, wanted(list, here, old, held), held);
    }
    for (const item of held) keep(item, fresh.get(item.dataset.key));
    for (const live of next.querySelectorAll("[data-live]")) refresh(live);
    focus();
    return changes;
  }

  function changesOf(old, fresh) {
    const changes = [];
    for (const [key, item] of fresh) {
      const before = old.get(key);
      if (before?.dataset.place === item.dataset.place) continue;
      changes.push([before ? says.moved : says.new, item.dataset]);
    }
    for (const [key, item] of old) if (!fresh.has(key)) changes.push([says.gone, item.dataset]);
    return changes;
  }

  // The cards that a list is to have: those that are as they were stay the same elements.
  function wanted(list, here, old, held) {
    const found = [];
    for (const item of [...list.children]) {
      const before = old.get(item.dataset.key);
      if (held.has(before)) {
        if (before.parentElement === here) found.push(before);
      } else if (before && before.dataset.mark === item.dataset.mark) {
        found.push(before);
      } else {
        if (before) reopen(before, item);
        found.push(document.adoptNode(item));
      }
    }
    return found;
  }

  function reopen(before, item) {
    const names = (details) => details.dataset.part ?? details.querySelector("textarea")?.id;
    const open = new Set([...before.querySelectorAll("details[open]")].map(names));
    for (const details of item.querySelectorAll("details")) if (open.has(names(details))) details.open = true;
  }

  // Nothing that is typed in is moved: a field that is moved loses its caret, and what an input method is composing.
  function arrange(here, found, held) {
    for (const item of [...here.children]) if (!found.includes(item) && !held.has(item)) item.remove();
    let after = here.firstElementChild;
    for (const item of found) {
      if (item === after) after = after.nextElementSibling;
      else if (!held.has(item)) here.insertBefore(item, after);
    }
  }

  // What is typed in stays; where its card is another by now, that is said beside it, and shown when the field is left.
  function keep(item, fresh) {
    if (fresh?.dataset.mark === item.dataset.mark) return;
    const note = item.querySelector(".kept");
    note.textContent = says.kept;
    note.hidden = false;
    mark = "";
  }

  function refresh(live) {
    const here = board.querySelector(`[data-live="${live.dataset.live}"]`);
    if (here.innerHTML !== live.innerHTML) here.innerHTML = live.innerHTML;
    here.hidden = live.hidden;
  }

  // Remembers what has the focus, and gives it back to the same part of the same card should that be a new element.
  function focused() {
    const active = document.activeElement;
    const key = active?.closest("[data-key]")?.dataset.key;
    return () => {
      if (key === undefined || document.activeElement === active) return;
      const item = items(board).get(key);
      const part = item?.querySelector(`[data-part="${active.dataset.part ?? "title"}"]`);
      (part ?? item?.querySelector('[data-part="title"]'))?.focus({ preventScroll: true });
    };
  }

  function tell(changes) {
    const fill = ([text, values]) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
    const told = changes.slice(0, 3).map(fill);
    if (changes.length > 3) told.push(says.more.replace("{count}", changes.length - 3));
    say(told.join(" "));
  }

  // ---- filters ----

  function apply() {
    const asked = query();
    history.replaceState(null, "", address(location.pathname, asked));
    const onward = document.querySelector(".person input[name=next]");
    if (onward) onward.value = address(location.pathname, asked);
    load({ anew: true });
  }

  let soon;
  filters.classList.add("live");
  filters.addEventListener("input", (event) => {
    clearTimeout(soon);
    soon = setTimeout(apply, event.target.type === "search" ? 250 : 0);
  });
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(soon);
    apply();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#clear, [data-live=nothing] a")) return;
    event.preventDefault();
    for (const field of filters.elements) {
      if (field.type === "checkbox") field.checked = false;
      else field.value = "";
    }
    if (!event.target.closest("#clear")) document.getElementById("q").focus();
    apply();
  });

  // ---- keyboard ----

  const help = document.getElementById("help");
  const shortcuts = document.getElementById("shortcuts");
  const opener = document.getElementById("help-open");
  const KEPT = "scriptbench.shortcuts";

  try {
    shortcuts.checked = localStorage.getItem(KEPT) !== "off";
  } catch {
    // Where nothing may be kept they are on at each visit.
  }
  shortcuts.addEventListener("change", () => {
    try {
      localStorage.setItem(KEPT, shortcuts.checked ? "on" : "off");
    } catch {
      // It holds until the page is left.
    }
    say(shortcuts.checked ? says.on : says.off);
  });
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());

  const title = (item) => item?.querySelector('[data-part="title"]');
  const columns = () =>
    [...board.querySelectorAll(".column")].map((column) => [...column.querySelectorAll("[data-key]")]).filter((c) => c.length);

  function neighbour(item, key) {
    const all = columns();
    const across = all.findIndex((column) => column.includes(item));
    const down = all[across].indexOf(item);
    if (key === "ArrowDown") return all[across][down + 1];
    if (key === "ArrowUp") return all[across][down - 1];
    const beside = all[across + (key === "ArrowRight" ? 1 : -1)];
    return beside?.[Math.min(down, beside.length - 1)];
  }

  function openMoves(item) {
    const box = item?.querySelector("details.moves");
    if (!box) {
      say(says.none);
      return;
    }
    box.open = true;
    box.querySelector(".actions :is(button, a, summary)").focus();
  }

  const SHORTCUTS = {
    "/": () => document.getElementById("q").select(),
    "?": () => help.showModal(),
    c: () => title(columns()[0]?.[0])?.focus(),
    m: (item) => openMoves(item),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const item = event.target.closest("[data-key]");
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    if (event.key.startsWith("Arrow") && event.target.matches("[data-part]")) {
      title(neighbour(item, event.key))?.focus();
    } else if (event.key === "Escape" && item) {
      const box = item.querySelector("details.moves");
      if (box) box.open = false;
      title(item).focus();
    } else if (shortcuts.checked && Object.hasOwn(SHORTCUTS, event.key)) {
      SHORTCUTS[event.key](item);
    } else {
      return;
    }
    event.preventDefault();
  });

  // ---- every few seconds, while somebody looks ----

  document.addEventListener("visibilitychange", () => document.hidden || load());
  setInterval(() => document.hidden || load(), board.dataset.seconds * 1000);
})();
