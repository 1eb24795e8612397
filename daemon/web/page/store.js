// What the server knows, as far as the page has asked: all rows at once, changed ones one by one, the last day of each.

import {toRow} from "./model.js";

const PAGE_ROWS = 10000; // as many as the server gives at once
const SLOTS = 96; // of the last day: a quarter of an hour each
const FEW = 20; // changed checks that are asked for one by one; more: all together
const SOON = 150; // milliseconds: what changes meanwhile is asked for together
const LATER = 2000; // the same while many change

/** JSON of a path of this server; an error for anything but 200. */
export async function getJson(path, signal) {
  const answer = await fetch(path, {signal, headers: {Accept: "application/json"}});
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** Where a check is in the API. */
export const pathOf = (id) => `/api/v1/checks/${id.split("/").map(encodeURIComponent).join("/")}`;

const isSame = (a, b) => a.haystack === b.haystack && a.state === b.state && a.since === b.since &&
  a.severity === b.severity && a.firewall === b.firewall && a.certificateEnd === b.certificateEnd &&
  a.suppressedBy.join() === b.suppressedBy.join();

export class Store {
  rows = new Map(); // by id
  days = new Map(); // by id: {slots, to}
  #told;
  #loading = false;
  #again = false; // all rows have to be asked for once more
  #changed = new Set(); // ids that are to be asked for
  #during = new Set(); // ids that changed while all rows were on their way: what comes may be older
  #timer = null;
  #many = false;

  /** `told`: {rows(), days(), answered(), failed()}, called when that has happened. */
  constructor(told) {
    this.#told = told;
  }

  /** Asks for all rows. */
  async load() {
    if (this.#loading) {
      this.#again = true;
      return;
    }
    this.#loading = true;
    try {
      await this.#loadRows();
      this.#told.answered();
    } catch {
      this.#told.failed();
    }
    this.#loading = false;
    for (const id of this.#during) this.ask(id);
    this.#during.clear();
    if (this.#again) {
      this.#again = false;
      await this.load();
    }
  }

  async #loadRows() {
    const fresh = new Map();
    for (let offset = 0; offset !== null;) {
      const page = await getJson(`/api/v1/checks?view=brief&limit=${PAGE_ROWS}&offset=${offset}`);
      for (const brief of page.checks) fresh.set(brief.check, this.#kept(toRow(brief)));
      offset = page.next_offset;
    }
    this.rows = fresh;
    this.#told.rows();
  }

  /** A row that has not changed stays the same object, so that the table leaves its element alone. */
  #kept(row) {
    const old = this.rows.get(row.id);
    return old && isSame(old, row) ? old : row;
  }

  /** A check has changed: its row is asked for soon. */
  ask(id) {
    this.#changed.add(id);
    if (this.#loading) this.#during.add(id);
    this.#timer ??= setTimeout(() => this.#askNow(), this.#many ? LATER : SOON);
  }

  async #askNow() {
    this.#timer = null;
    const ids = [...this.#changed];
    this.#changed.clear();
    this.#many = ids.length > FEW;
    if (this.#many) {
      await this.load();
      return;
    }
    await Promise.all(ids.map(async (id) => {
      try {
        this.rows.set(id, this.#kept(toRow(await getJson(`${pathOf(id)}?view=brief`))));
        if (this.#loading) this.#during.add(id);
      } catch {
        // It has gone, or the server has: the next look at all rows tells.
      }
    }));
    this.#told.rows();
  }

  /** Asks for the last day of all checks. */
  async loadDays() {
    try {
      const report = await getJson(`/api/v1/report?window=24h&slots=${SLOTS}`);
      const to = Date.parse(report.to);
      this.days = new Map(report.checks.filter((row) => row.timeline)
        .map((row) => [row.check, {slots: row.timeline, to}]));
      this.#told.days();
    } catch {
      // Without a journal there is no day; the table stands without.
    }
  }
}
