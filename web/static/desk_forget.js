// Drops the kept desk: whoever signs in or out here leaves none to the next person. What waits to be sent stays.

export const SHELL = "scriptbench-desk";
export const WHEN = "scriptbench.desk.shell"; // whose desk is kept, and since when

function forget() {
  window.caches?.delete(SHELL).catch(() => {});
  try {
    localStorage.removeItem(WHEN);
  } catch {
    // Then nothing is kept here.
  }
}

document.querySelector("form[action$='/sign-out']")?.addEventListener("submit", forget);
if (document.querySelector("form[action$='/sign-in']")) forget();
