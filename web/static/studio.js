// Works the plan out while it is written: posts the form, and puts anew what follows from it. What is typed stays.
"use strict";

(() => {
  const form = document.getElementById("studio");
  if (!form) return;
  const PAUSE = 450;
  let timer = 0;
  let asking = null;
  let written = false;
  let reshape = false; // a choice was made that gives the form other fields, which have not come yet

  async function answer() {
    asking?.abort();
    asking = new AbortController();
    const body = new FormData(form);
    body.set("action", "refresh");
    const address = form.getAttribute("action"); // form.action is the buttons of that name
    const response = await fetch(address, { method: "POST", body, signal: asking.signal, redirect: "error" });
    if (!response.ok) throw new Error(`the studio answered ${response.status}`);
    return new DOMParser().parseFromString(await response.text(), "text/html");
  }

  // Parts that say the same as before are left alone: charts are not drawn again, and readers keep their place.
  const same = (old, fresh) =>
    old.dataset.same ? old.dataset.same === fresh.dataset.same : old.innerHTML === fresh.innerHTML;

  function put(old, fresh) {
    if (same(old, fresh)) return;
    const open = [...old.querySelectorAll("details")].map((details) => details.open);
    old.replaceChildren(...fresh.childNodes);
    if ("same" in fresh.dataset) old.dataset.same = fresh.dataset.same;
    else delete old.dataset.same;
    [...old.querySelectorAll("details")].forEach((details, place) => {
      if (place in open) details.open = open[place];
    });
  }

  function marks(fresh) {
    for (const input of form.querySelectorAll("[name]")) {
      const now = fresh.querySelector(`[name="${CSS.escape(input.name)}"]`);
      if (now?.getAttribute("aria-invalid")) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }

  function whole(fresh) {
    const focused = document.activeElement;
    const [id, name, value] = [focused?.id, focused?.name, focused?.value];
    form.replaceChildren(...fresh.getElementById("studio").childNodes);
    const again = (id && document.getElementById(id)) ||
      [...form.querySelectorAll(`[name="${CSS.escape(name || "-")}"]`)].find((each) => each.value === value);
    again?.focus();
  }

  async function refresh() {
    const everything = reshape;
    const say = document.getElementById("studio-status");
    say.textContent = say.dataset.busy;
    try {
      const fresh = await answer();
      if (everything) {
        whole(fresh);
        reshape = false;
      } else {
        for (const part of fresh.querySelectorAll("[data-live]")) {
          const old = document.getElementById(part.id);
          if (old) put(old, part);
        }
        marks(fresh);
      }
      document.getElementById("studio-status").textContent = "";
      document.dispatchEvent(new CustomEvent("charts:waiting"));
    } catch (problem) {
      if (problem.name !== "AbortError") document.getElementById("studio-status").textContent = say.dataset.failed;
    }
  }

  // What comes in answer to older words would undo newer ones: it is not waited for.
  function soon(everything) {
    asking?.abort();
    reshape ||= everything;
    clearTimeout(timer);
    timer = setTimeout(refresh, everything ? 0 : PAUSE);
  }

  // Whoever writes a condition means it.
  function pick(mode) {
    const choice = form.querySelector(`[name="audience.mode"][value="${mode}"]`);
    if (choice) choice.checked = true;
  }

  form.addEventListener("input", (event) => {
    written = true;
    if (event.target.dataset.picks) pick(event.target.dataset.picks);
    soon("reshapes" in event.target.dataset);
  });
  form.addEventListener("submit", () => {
    written = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (written) event.preventDefault();
  });
})();
