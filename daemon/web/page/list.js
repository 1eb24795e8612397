// The table: however many checks there are, only the rows near the window are in the document. The page scrolls, not a
// box in it, so that a phone, Page Down and a screen reader's own keys work as everywhere.

import {h, badge, since} from "./dom.js";
import {dayStrip} from "./charts.js";

const MARGIN_ROWS = 12; // beyond the window's edges, so that scrolling finds rows

export const linkOf = (id) => `/?check=${encodeURIComponent(id)}`;

function rowElement(row, day) {
  const link = h("a", {href: linkOf(row.id), tabindex: "-1"}, row.name);
  link.dataset.check = row.id;
  return h("tr", {role: "row", class: `check ${row.state}`},
    h("td", {role: "cell", class: "c-state"}, badge(row.state)),
    h("th", {role: "rowheader", scope: "row", class: "c-name", title: row.name}, link,
      row.suppressedBy.map((by) => h("span", {class: "tag"}, by)),
      h("small", null, row.requirement || row.id, row.device && ` · ${row.device}`)),
    h("td", {role: "cell", class: "c-target"}, row.target),
    h("td", {role: "cell", class: "c-why", title: row.message}, row.reason !== "ok" && row.reason && h("b", null, row.reason), " ",
      row.message && h("small", null, row.message)),
    h("td", {role: "cell", class: "c-since"}, since(row.since)),
    h("td", {role: "cell", class: "c-day"}, day && dayStrip(day.slots, day.to)));
}

const headingElement = (item) => h("tr", {role: "row", class: "group"},
  h("th", {role: "rowheader", scope: "rowgroup", colspan: "6"}, item.product, " ",
    h("span", null, `${item.count} ${item.state}`)));

/** Where the script's table differs from the server's: spacers above and below stand for the rows that are not there. */
export class CheckTable {
  #body;
  #items = [];
  #tops = new Float64Array(1); // of each item; the last is the height of all
  #heights = {row: 0, group: 0};
  #elements = new Map(); // by key, those in the document
  #above;
  #below;
  #active = -1; // index of the item that Tab reaches
  #dayOf;
  #scheduled = false;

  /** `dayOf(id)`: {slots, to} or nothing. */
  constructor(body, dayOf) {
    this.#body = body;
    this.#dayOf = dayOf;
    const spacer = () => h("tr", {class: "spacer", "aria-hidden": "true"}, h("td", {colspan: "6"}));
    this.#above = spacer();
    this.#below = spacer();
  }

  /** Takes the place of the server's rows, which stand until there is something to put there. */
  #takeOver() {
    if (this.#above.isConnected) return;
    this.#body.replaceChildren(this.#above, this.#below);
    this.#body.parentElement.classList.add("virtual");
    addEventListener("scroll", () => this.schedule(), {passive: true});
    addEventListener("resize", () => this.#layOut());
  }

  /** Shows these items (withHeadings()); rows that changed are new objects. */
  show(items) {
    const focused = this.activeId;
    this.#takeOver();
    this.#items = items;
    this.#layOut();
    const again = items.findIndex((item) => item.row && item.row.id === focused);
    this.#active = again >= 0 ? again : items.findIndex((item) => item.row);
    this.#body.parentElement.setAttribute("aria-rowcount", String(items.length + 1));
    this.#draw();
  }

  /** The days have become known: all rows are made anew. */
  refresh() {
    for (const entry of this.#elements.values()) entry.item = null;
    this.#draw();
  }

  get activeId() {
    return this.#items[this.#active]?.row?.id ?? null;
  }

  /** Moves to another check by so many rows, or to the "first" or "last"; false where there is none. */
  move(by) {
    const step = by === "first" ? 1 : by === "last" ? -1 : Math.sign(by);
    let at = by === "first" ? 0 : by === "last" ? this.#items.length - 1 : this.#active + step;
    while (at >= 0 && at < this.#items.length && !this.#items[at].row) at += step;
    if (at < 0 || at >= this.#items.length) return false;
    this.#active = at;
    this.focus();
    return true;
  }

  /** Makes a check the active one without moving the focus. */
  activate(id) {
    const at = this.#items.findIndex((item) => item.row?.id === id);
    if (at >= 0) this.#active = at;
    this.#draw();
  }

  /** Brings the active check into sight and the focus to it. */
  focus() {
    if (this.#active < 0) return;
    const start = this.#body.getBoundingClientRect().top + scrollY;
    const head = document.querySelector("#filter").offsetHeight + this.#body.parentElement.tHead.offsetHeight + 8;
    const top = start + this.#tops[this.#active];
    const bottom = start + this.#tops[this.#active + 1];
    if (top < scrollY + head) scrollTo(scrollX, top - head);
    else if (bottom > scrollY + innerHeight) scrollTo(scrollX, bottom - innerHeight + 8);
    this.#draw();
    this.#elements.get(this.#items[this.#active].key)?.element.querySelector("a")?.focus({preventScroll: true});
  }

  /** Draws before the next frame, however often it is asked for. */
  schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #layOut() {
    // The style sheet says how high rows are; on a phone they are higher.
    const style = getComputedStyle(this.#body);
    this.#heights = {row: parseFloat(style.getPropertyValue("--row")), group: parseFloat(style.getPropertyValue("--group"))};
    this.#tops = new Float64Array(this.#items.length + 1);
    this.#items.forEach((item, index) => {
      this.#tops[index + 1] = this.#tops[index] + (item.heading ? this.#heights.group : this.#heights.row);
    });
    this.schedule();
  }

  /** The index of the item at this height. */
  #at(height) {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#tops[middle + 1] <= height) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #draw() {
    if (!this.#above.isConnected) return;
    const top = -this.#body.getBoundingClientRect().top;
    const margin = MARGIN_ROWS * this.#heights.row;
    const first = this.#at(Math.max(top - margin, 0));
    const last = Math.min(this.#at(Math.max(top + innerHeight + margin, 0)) + 1, this.#items.length);
    // First those that changed change places with their old ones and those that left go; then all are put in order.
    const items = this.#items.slice(first, last);
    const elements = items.map((item, index) => this.#elementOf(item, first + index));
    const wanted = new Map(items.map((item) => [item.key, this.#elements.get(item.key)]));
    for (const [key, entry] of this.#elements) {
      if (!wanted.has(key)) this.#remove(entry.element);
    }
    this.#elements = wanted;
    let place = this.#above.nextSibling;
    for (const element of elements) {
      // What stands where it should is not touched: moving an element takes the focus from it.
      if (element === place) place = place.nextSibling;
      else this.#body.insertBefore(element, place);
    }
    this.#above.style.height = `${this.#tops[first] ?? 0}px`;
    this.#below.style.height = `${this.#tops[this.#items.length] - (this.#tops[last] ?? 0)}px`;
  }

  #elementOf(item, index) {
    let entry = this.#elements.get(item.key);
    const content = item.heading ? `${item.count}` : item.row;
    if (!entry || entry.item !== content) {
      const element = item.heading ? headingElement(item) : rowElement(item.row, this.#dayOf(item.row.id));
      if (entry) this.#replace(entry.element, element);
      entry = {element, item: content};
      this.#elements.set(item.key, entry);
    }
    entry.element.setAttribute("aria-rowindex", String(index + 2));
    const link = entry.element.querySelector("a");
    if (link) {
      link.tabIndex = index === this.#active ? 0 : -1;
      entry.element.classList.toggle("active", index === this.#active);
    }
    return entry.element;
  }

  #replace(old, fresh) {
    const focused = old.contains(document.activeElement);
    old.replaceWith(fresh);
    if (focused) fresh.querySelector("a")?.focus({preventScroll: true});
  }

  #remove(element) {
    // The focus stays near: the arrow keys go on from the active check.
    if (element.contains(document.activeElement)) document.getElementById("checks").focus({preventScroll: true});
    element.remove();
  }
}
