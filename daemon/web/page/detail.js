// The chosen check: what is wrong in words to copy, its last day, its last probes, and what was seen.

import {byId, h, badge, since, utc, shortTime, copyText, setText} from "./dom.js";
import {dayStrip, phaseBar, probeColumns} from "./charts.js";
import {eventEntry, daysLeft} from "./side.js";
import {getJson, pathOf} from "./store.js";

const MOST_PROBES = 40;
const LOOK_AGAIN = 3000; // milliseconds; a probe that is new then joins the columns

const heading = (text) => h("h3", null, text);

function facts(check) {
  const tls = check.result?.certificate;
  const left = tls && daysLeft(Date.parse(tls.not_after));
  const rows = [
    ["Target", check.target], ["Purpose", check.purpose], ["Requirement", check.requirement], ["Product", check.product],
    ["Necessity", check.necessity], ["Port known from", check.evidence], ["Severity", check.severity],
    ["Direction", check.direction], ["Device", check.device], ["Probe", `${check.probe}, every ${check.interval} s`],
    ["Probes", `${check.probes}, ${check.failures} failed`], ["Note", check.note],
    ["Depends on", check.depends_on.join(", ")], ["Alerts held by", check.suppressed_by.join(", ")],
    ["Certificate", tls && `${tls.subject}, ${left.text} (until ${utc(tls.not_after)}), issued by ${tls.issuer}`],
  ];
  return h("dl", null, rows.filter(([, value]) => value)
    .map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
}

function attempts(result) {
  return h("ul", {class: "attempts"}, result.attempts.map((attempt) => h("li", null,
    h("code", null, attempt.address ?? "by name"), " ",
    h("b", {class: attempt.success ? "up" : "down"}, attempt.reason), ` after ${shortTime(attempt.seconds)}`,
    attempt.offender && [", answered by ", h("code", null, attempt.offender)])));
}

function hops(path) {
  return h("ol", {class: "hops"}, path.hops.map((hop) => h("li", {value: hop.hop},
    h("code", null, hop.address ?? "no answer"), hop.seconds !== null && ` ${shortTime(hop.seconds)}`)));
}

/** Shows one check at a time in #detail and keeps it true while it is open. */
export class Detail {
  #section = byId("detail");
  #id = null;
  #firewall = "";
  #results = [];
  #events = [];
  #day = null;
  #stop = new AbortController();
  #shown = ""; // what the section shows now, as text: without a change nothing is touched
  #close;

  constructor(close) {
    this.#close = close;
    setInterval(() => {
      if (this.#id && document.visibilityState === "visible") this.refresh();
    }, LOOK_AGAIN);
  }

  get id() {
    return this.#id;
  }

  /** What there is to copy of the check; empty: nothing. */
  get firewall() {
    return this.#firewall;
  }

  /** Opens a check. `row` and `day` say what is known already. */
  open(id, row, day) {
    if (this.#id === id) return;
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#id = id;
    this.#results = [];
    this.#events = [];
    this.#shown = "";
    this.#day = day;
    this.#firewall = row?.firewall ?? "";
    this.#section.setAttribute("aria-labelledby", "detail-title");
    this.#section.removeAttribute("aria-label");
    this.#section.replaceChildren(this.#head(row?.name ?? id), h("p", {class: "note"}, "…"));
    this.#section.hidden = false;
    this.refresh();
    this.#loadEvents();
  }

  close() {
    this.#stop.abort();
    this.#id = null;
    this.#firewall = "";
    this.#section.hidden = true;
    this.#section.replaceChildren();
    this.#section.removeAttribute("aria-labelledby");
    this.#section.setAttribute("aria-label", "The chosen check");
  }

  focus() {
    this.#section.querySelector("h2")?.focus();
  }

  /** The day of the check has become known or has changed. */
  setDay(day) {
    this.#day = day;
  }

  /** An event happened; it may be about this check. */
  onEvent(event) {
    if (event.check?.id !== this.#id) return;
    this.#events.unshift(event);
    this.refresh();
  }

  async refresh() {
    const id = this.#id;
    const signal = this.#stop.signal;
    try {
      const [check, brief] = await Promise.all([getJson(pathOf(id), signal), getJson(`${pathOf(id)}?view=brief`, signal)]);
      if (this.#id !== id) return;
      this.#firewall = brief.firewall ?? "";
      const last = this.#results.at(-1);
      if (check.result && last?.time !== check.result.time) {
        this.#results = [...this.#results, check.result].slice(-MOST_PROBES);
      }
      this.#show(check, brief);
    } catch (error) {
      if (signal.aborted) return;
      if (!this.#shown) this.#section.lastElementChild.textContent = "reachd does not answer, or the check is gone.";
    }
  }

  async #loadEvents() {
    const id = this.#id;
    // A glob's own characters in an id (an IPv6 address in brackets) stand for any one character.
    const glob = id.replace(/[[\]*?{}\\]/g, "?");
    try {
      const page = await getJson(`/api/v1/events?limit=20&check=${encodeURIComponent(glob)}`, this.#stop.signal);
      if (this.#id !== id) return;
      this.#events = page.events.filter((event) => event.check?.id === id);
      this.#shown = "";
      this.refresh();
    } catch {
      // Without a journal there is no list; the rest stands.
    }
  }

  #head(name) {
    const button = h("button", {type: "button", class: "close", "aria-label": "Close the details"}, "×");
    button.addEventListener("click", () => this.#close());
    return h("header", null, h("h2", {id: "detail-title", tabindex: "-1"}, name), button);
  }

  #firewallPart() {
    const button = h("button", {type: "button", id: "copy"}, "Copy");
    button.addEventListener("click", () => this.copy());
    return [h("div", {class: "with-button"}, heading("For the firewall team"), button),
      h("pre", {class: "firewall", tabindex: "0", "aria-label": "For the firewall team"}, this.#firewall)];
  }

  /** Copies the words for the firewall team and says so on the button. */
  async copy() {
    if (!this.#firewall) return;
    const done = await copyText(this.#firewall);
    const button = byId("copy");
    if (!button) return;
    button.textContent = done ? "Copied" : "Select and copy";
    setText(byId("announce"), done ? "Copied for the firewall team" : "The browser does not allow copying");
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  #show(check, brief) {
    const shown = JSON.stringify([check, this.#events.map((event) => event.id), this.#day?.slots]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const result = check.result;
    const focused = this.#section.contains(document.activeElement) ? document.activeElement : null;
    const content = [
      h("p", null, badge(check.state), check.suppressed_by.map((by) => h("span", {class: "tag"}, by)), " for ",
        since(Date.parse(check.last_change)), ` (since ${utc(check.last_change)})`),
      brief.message && h("p", {class: "message"}, brief.reason !== "ok" && h("b", null, `${brief.reason}: `), brief.message),
      this.#firewall && this.#firewallPart(),
      this.#day && [heading("Last 24 hours"), dayStrip(this.#day.slots, this.#day.to, true),
        h("p", {class: "axis"}, h("span", null, "24 h ago"), h("span", null, "12 h"), h("span", null, "now"))],
      result && [heading("Last probe"), phaseBar(result.timings)],
      this.#results.length > 1 && [heading(`Last ${this.#results.length} probes`), probeColumns(this.#results)],
      result?.attempts.length > 0 && [heading("Addresses"), attempts(result)],
      check.path && [heading("The way there"), h("p", null, check.path.message), hops(check.path)],
      this.#events.length > 0 && [heading("Events"),
        h("ol", {class: "events"}, this.#events.slice(0, 20).map((event) => eventEntry(event, true)))],
      heading("Facts"), facts(check),
      h("p", null, h("a", {href: pathOf(check.check)}, "As JSON")),
    ];
    // The head stays: it holds the focus of whoever has just come here.
    const head = this.#section.querySelector("header") ?? this.#head(check.name);
    this.#section.replaceChildren(head, ...content.flat(3).filter(Boolean));
    if (focused && document.activeElement !== focused) {
      const again = focused.isConnected ? focused : byId(focused.id) ?? this.#section.querySelector(`.${CSS.escape(focused.className)}`);
      (again ?? head.querySelector("h2")).focus({preventScroll: true});
    }
  }
}
