// Opens the desk while the server does not answer: its page and the page's parts as they were last, and nothing else.
// What is kept was put there by desk_shell.js, and holds no call and no customer. A server that is slow is waited for:
// it alone knows who is signed in.
"use strict";

const SHELL = "scriptbench-desk";
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

async function answered(request, key) {
  const asked = fetch(request);
  try {
    const answer = await asked;
    if (answer.status < 500) return answer;
  } catch (problem) {
    console.warn(String(problem));
  }
  const shell = await caches.open(SHELL);
  const kept = await shell.match(key, { ignoreVary: true });
  return kept && isFresh(request, kept) ? kept : asked;
}

// A page that was kept longer ago than any sign-in lasts is nobody's.
function isFresh(request, kept) {
  return request.mode !== "navigate" || Math.abs(Date.now() - Date.parse(kept.headers.get("Date"))) < LASTS;
}
