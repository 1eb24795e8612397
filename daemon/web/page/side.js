// The side: certificates by days left, and events as they happen.

import {byId, h, badge, clock, renew, utc} from "./dom.js";
import {linkOf} from "./list.js";

const MOST_CERTIFICATES = 50;
const MOST_EVENTS = 100;
const DAY = 86400000;

/** "12 days", "ended", and the state that colours it. */
export function daysLeft(end, now = Date.now()) {
  if (end <= now) return {text: "ended", state: "down"};
  const days = Math.floor((end - now) / DAY);
  return {text: `${days} day${days === 1 ? "" : "s"}`, state: days < 7 ? "down" : days < 30 ? "degraded" : "up"};
}

/** Shows the certificates that end first. */
export function showCertificates(rows) {
  const ending = rows.filter((row) => row.certificateEnd !== null)
    .sort((a, b) => a.certificateEnd - b.certificateEnd || (a.id < b.id ? -1 : 1));
  const first = ending.slice(0, MOST_CERTIFICATES);
  const key = JSON.stringify([ending.length, first.map((row) => [row.id, daysLeft(row.certificateEnd).text])]);
  renew(byId("certificate-list"), key, () => entriesOf(first, ending.length - first.length));
}

function entriesOf(first, more) {
  const entries = first.map((row) => {
    const left = daysLeft(row.certificateEnd);
    const link = h("a", {href: linkOf(row.id)}, row.name);
    link.dataset.check = row.id;
    return h("li", {title: `until ${utc(row.certificateEnd)}`}, h("b", {class: left.state}, left.text), " ", link, " ",
      h("span", null, row.target));
  });
  if (entries.length === 0) entries.push(h("li", {class: "note"}, "No check has seen a certificate."));
  if (more > 0) entries.push(h("li", {class: "note"}, `and ${more} more`));
  return entries;
}

/** The state that an event is about, for its badge; others show their kind. */
function markOf(event) {
  const [subject, what] = event.kind.split(".");
  return subject === "check" && what !== "flapping" ? badge(what)
    : h("span", {class: "tag"}, event.kind.replace(".", " "));
}

/** An event as an entry of a list. */
export function eventEntry(event, withDate = false) {
  const time = Date.parse(event.time);
  const entry = h("li", {class: `event ${event.severity}`},
    h("time", {datetime: event.time, title: utc(time)}, withDate ? utc(time).slice(5, 16) : clock(time)), " ", markOf(event),
    " ", h("span", null, event.message));
  if (event.check) entry.dataset.check = event.check.id;
  return entry;
}

/** The list of events, the newest first. */
export class EventList {
  #list = byId("event-list");
  #known = new Set();

  /** Adds an event in its place unless it is there. */
  add(event) {
    if (this.#known.has(event.id)) return false;
    this.#known.add(event.id);
    const entry = eventEntry(event);
    entry.dataset.event = event.id; // a ULID: their order is that of time
    this.#list.insertBefore(entry, [...this.#list.children].find((other) => other.dataset.event < event.id) ?? null);
    while (this.#list.children.length > MOST_EVENTS) this.#list.lastElementChild.remove();
    byId("events-note").hidden = true;
    return true;
  }
}
