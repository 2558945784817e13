// Opens the desk while the server does not answer: its page and the page's parts as they were last, and nothing else.
// What is kept was put there by desk_shell.js, and holds no call and no customer.
"use strict";

const SHELL = "scriptbench-desk";
const PATIENCE = 3000;
const LASTS = 12 * 3600 * 1000; // as long as a sign-in

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, searchParams } = new URL(request.url);
  if (origin !== self.location.origin || request.method !== "GET") return;
  if (request.mode === "navigate") {
    if (!searchParams.has("preview")) event.respondWith(answered(request, pathname));
  } else if (pathname.startsWith("/static/")) {
    event.respondWith(answered(request, request.url));
  }
});

const late = () => new Promise((resolve) => setTimeout(resolve, PATIENCE));

async function answered(request, key) {
  const asked = fetch(request);
  try {
    const answer = await Promise.race([asked, late()]);
    if (answer && answer.status < 500) return answer;
  } catch (problem) {
    console.warn(String(problem));
  }
  const shell = await caches.open(SHELL);
  const kept = await shell.match(key, { ignoreVary: true });
  return kept && isFresh(request, kept) ? kept : asked;
}

// A page that is older than any sign-in is nobody's.
function isFresh(request, kept) {
  return request.mode !== "navigate" || Date.now() - Date.parse(kept.headers.get("Date")) < LASTS;
}
