// Keeps the empty desk, so that it opens and is loaded again while the server does not answer. The worker that opens it
// needs a secure context (https, or this machine); without one the desk still goes on as long as its page is open.
import { SHELL, WHEN } from "./desk_forget.js";

const LASTS = 12 * 3600 * 1000; // as long as a sign-in; fetched anew within it, the page would outlive it

let underway = false;

export async function keepShell(root, store) {
  if (underway || !store || !window.caches || !("serviceWorker" in navigator)) return;
  const [whose, when] = (store.getItem(WHEN) ?? "").split("|");
  const same = whose === root.dataset.agent;
  if (same && Math.abs(Date.now() - Number(when)) < LASTS) return;
  underway = true;
  try {
    await navigator.serviceWorker.register(root.dataset.worker, { scope: root.dataset.desk });
    await navigator.serviceWorker.ready;
    const shell = await caches.open(SHELL);
    const named = [...document.querySelectorAll("link[href], script[src], use[href]")];
    const parts = new Set(named.map((each) => (each.getAttribute("href") ?? each.getAttribute("src")).split("#")[0]));
    await Promise.all([...parts, root.dataset.desk].map((url) => put(shell, url)));
    store.setItem(WHEN, `${root.dataset.agent}|${Date.now()}`);
    root.dataset.shell = "kept";
  } catch (problem) {
    console.warn(String(problem)); // what was kept before stays
  } finally {
    underway = false;
  }
}

async function put(shell, url) {
  const answer = await fetch(url, { redirect: "manual", cache: "no-cache" });
  if (!answer.ok) throw new Error(`${url}: ${answer.status || answer.type}`); // signed out, say: not kept, and tried again
  await shell.put(url, answer);
}

// The kept page is empty: what the address tells is filled in here, and judged by the server once a call begins.
export function isEmpty(form) {
  const told = new URLSearchParams(location.search);
  return Boolean(told.get("call_id")?.trim() && told.get("scenario")) && !form.elements.call_id.value;
}

export function fillIn(form) {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements[name];
    if (field) field.value = value;
    if (field?.value === value) continue;
    const carried = document.createElement("input");
    Object.assign(carried, { type: "hidden", name, value });
    carried.dataset.carried = "";
    field?.removeAttribute("name"); // a choice that this page does not offer
    form.append(carried);
  }
}
