// Says on an experiment's page that its card has moved meanwhile; what is being typed there stays as it is.
"use strict";

(() => {
  const place = document.getElementById("moved");
  let last = "";

  async function look() {
    if (document.hidden) return;
    try {
      const answer = await fetch(place.dataset.watch, { cache: "no-store" });
      if (answer.status !== 200 || answer.redirected) return;
      const told = await answer.text();
      if (told === last) return;
      last = told;
      place.innerHTML = told;
    } catch {
      // The house is away: the next look will tell.
    }
  }

  document.addEventListener("visibilitychange", look);
  setInterval(look, place.dataset.seconds * 1000);
})();
