// What happened in a call: which key may be pressed when, what it tells, and for how long that can be taken back.

export const HOLD = 5000;
const OTHER_ANSWER = { accepted: "declined", declined: "accepted", appointed: "declined" };
const OF_THE_INVITATION = ["invited", "accepted", "declined", "appointed"];
const AFTER = { resolved: OF_THE_INVITATION, invited: ["accepted", "declined"] };

// Where the clock was set back since, it is pending no longer: what it told is due then.
export function isPending(one) {
  const since = Date.now() - (one?.pressed ?? 0);
  return since >= 0 && since < HOLD;
}

// Seconds since a moment; null where they are not known. By a clock that was set back, or that is behind the server's,
// a moment may lie ahead; to make that 0 would say that the customer refused at once.
export function secondsSince(moment, at = Date.now()) {
  return moment === null || moment === undefined || moment > at ? null : Math.round((at - moment) / 1000);
}

export class Told {
  // `tell` keeps a fact and gives its id; `take` takes facts back, or says that they have left.
  constructor(call, tell, take) {
    this.call = call;
    this.told = call.told;
    this.outbound = call.direction === "outbound";
    this.tell = tell;
    this.take = take;
  }

  // Names the sentence that says why a key does nothing now; "" when it does something.
  refusal(type) {
    if (type === "spoken" && this.call.standby) return "stood_in";
    if (!OF_THE_INVITATION.includes(type) || (this.outbound && type === "declined")) return "";
    if (!this.told.resolved) return "not_yet";
    return this.call.invite ? "" : "no_invitation";
  }

  // Does what a key does, and names the sentence that says so with the outcome that it is about.
  press(type) {
    if (this.told[type]) return [this.#undo(type), type];
    const refusal = this.refusal(type);
    if (refusal) return [refusal, type];
    const other = Object.keys(this.told).find((each) => OTHER_ANSWER[each] === type || OTHER_ANSWER[type] === each);
    if (other && !this.#takeBack(other)) return ["already", other];
    this.#note(type);
    return ["told", type];
  }

  // The service part ended before this page knew of the call.
  wasResolved(at) {
    this.told.resolved = { ids: this.#resolved({ at }), at };
  }

  // From here on the call hears what a test may vary; not so where the standard stood in.
  #resolved(fact) {
    const types = this.call.standby ? ["resolved"] : ["resolved", "exposed"];
    return types.map((type) => this.tell(type, fact));
  }

  // What was told before this page, or goes out with it, cannot be undone here.
  settle() {
    for (const one of Object.values(this.told)) delete one.pressed;
  }

  #note(type) {
    const at = Date.now();
    const seconds = this.#seconds(type, at);
    const fact = { at, hold: HOLD };
    const ids = [];
    if (this.#implies(type)) ids.push(this.tell("invited", fact));
    if (type === "resolved") ids.push(...this.#resolved(fact));
    else ids.push(this.tell(type, seconds === null ? fact : { ...fact, value: seconds }));
    this.told[type] = { ids, at, pressed: at, ...(seconds === null ? {} : { seconds }) };
  }

  // Whoever answers an invitation was invited, though it was not said when.
  #implies(type) {
    return !this.outbound && !this.told.invited && (type === "accepted" || type === "declined");
  }

  // Seconds until she refused: since the invitation, which on a call that we made begins where the service part ends;
  // where there was none yet, since she answered. Where neither was told the time is not known, and none is told.
  #seconds(type, at) {
    const { invited, resolved, connected } = this.told;
    const since = { declined: this.outbound ? (resolved ?? connected) : invited, hung_up: connected }[type];
    return secondsSince(since?.at, at);
  }

  #undo(type) {
    if (AFTER[type]?.some((each) => this.told[each])) return "later_first";
    return this.#takeBack(type) ? "undone" : "already";
  }

  #takeBack(type) {
    const one = this.told[type];
    if (!isPending(one) || !this.take(one.ids)) return false;
    delete this.told[type];
    return true;
  }
}
