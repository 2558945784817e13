// A script on the agent's screen: its steps in the parts of the call, and places filled in as far as that is known.

const PLACE = /【([^】]*)】|\[([^\]]*)\]/g;
// In brackets stand directions such as “(If yes)”, which are not said.
const DIRECTION = /[(（]/;
const OWN_ID = ["工号", "ID"];

export class Words {
  constructor(list, says, agent) {
    this.list = list;
    this.says = says;
    this.agent = agent;
    this.resolved = null; // as last shown
    this.known = new URLSearchParams(); // what was told of the call; it is in this page's memory only
  }

  show({ steps, locale }) {
    let phase = "";
    this.resolved = null;
    this.list.replaceChildren();
    const invited = steps.some((step) => step.phase === "invitation");
    const answers = steps.some((step) => step.phase === "end" && !step.locked && DIRECTION.test(step.text));
    for (const step of steps) {
      if (step.phase !== phase) this.list.append(this.#heading(step.phase));
      // The closing words answer a yes and a no: where nobody was asked, neither is said.
      if (step.phase !== phase && step.phase === "end" && answers && !invited) {
        this.list.append(this.#note(step.phase, this.says.nobody_asked));
      }
      phase = step.phase;
      this.list.append(this.#step(step, locale));
    }
  }

  // What comes after the service is there once the request is resolved, and is brought into sight then.
  reveal(resolved) {
    const later = [...this.list.children].filter((item) => item.dataset.phase !== "service");
    const fresh = resolved && this.resolved === false;
    for (const item of later) item.hidden = !resolved;
    if (fresh) later[0]?.scrollIntoView({ block: "start" });
    this.resolved = resolved;
  }

  #heading(phase) {
    const item = this.#made("li", "desk-part", this.says.phases[phase]);
    item.dataset.phase = phase;
    return item;
  }

  #note(phase, text) {
    const item = this.#made("li", "small soft", text);
    item.dataset.phase = phase;
    return item;
  }

  #step({ number, name, text, phase, locked }, locale) {
    const item = this.#made("li", "desk-step");
    item.dataset.phase = phase;
    const head = this.#made("p", "desk-name");
    head.append(this.#made("span", "number", String(number)), this.#made("span", "", name));
    if (locked) head.append(this.#made("span", "badge tone-warn", this.says.locked));
    const said = this.#made("p", "desk-words");
    said.lang = locale;
    said.append(...this.#filled(text));
    item.append(head, said);
    return item;
  }

  #filled(text) {
    const pieces = [];
    let from = 0;
    for (const found of text.matchAll(PLACE)) {
      const name = (found[1] ?? found[2]).trim();
      const known = OWN_ID.includes(name) ? this.agent : this.known.get(name);
      pieces.push(text.slice(from, found.index));
      pieces.push(known ? this.#made("strong", "", known) : this.#made("span", "blank", found[0]));
      from = found.index + found[0].length;
    }
    return [...pieces, text.slice(from)];
  }

  #made(tag, look, text = "") {
    const made = document.createElement(tag);
    if (look) made.className = look;
    made.textContent = text;
    return made;
  }
}
