// The live page: takes the server's table over, keeps it true by the stream of events, and does what keys and clicks ask.

import {byId, h, setText, renew, keepTimes, copyText} from "./dom.js";
import {STATES, worstFirst, matching, withHeadings, countStates, countProducts} from "./model.js";
import {CheckTable} from "./list.js";
import {Detail} from "./detail.js";
import {EventList, showCertificates} from "./side.js";
import {Store, getJson} from "./store.js";

const RELOAD = 10000; // all rows: a first verdict is no event
const RELOAD_MANY = 60000; // the same where they are many
const MANY = 2000;
const DAY_RELOAD = 300000;
const DAY_SOON = 10000; // after an event
const RETRY = 15000; // where there is no stream
const MOST_COPIED = 200;
const MOST_PRODUCTS = 12;
const KINDS = ["check.down", "check.up", "check.degraded", "check.unknown", "check.flapping", "certificate.expiring",
  "daemon.started", "daemon.stopped", "config.reloaded", "config.rejected", "journal.failing", "journal.recovered"];

const view = {words: byId("q").value, state: byId("state").value};
const narrow = matchMedia("(max-width: 1099px)");

let ordered = []; // all rows, worst first
let shown = []; // those that fit the filter
const store = new Store({rows: showSoon, days: showDays, answered: told, failed: lost});
const table = new CheckTable(byId("rows"), (id) => store.days.get(id));
const detail = new Detail(closeDetail);
const eventList = new EventList();

// ---- what is shown

function showSummary() {
  const counts = countStates(ordered);
  for (const link of byId("states").querySelectorAll("a")) {
    setText(link.querySelector("b"), String(counts[link.dataset.state]));
    if (view.state === link.dataset.state) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const products = countProducts(ordered).slice(0, MOST_PRODUCTS);
  renew(byId("products"), JSON.stringify(products), () => products.map(([name, of]) => {
    const link = h("a", {href: `/?q=${encodeURIComponent(name)}`}, h("b", null, name),
      STATES.filter((state) => of[state] > 0).map((state) => [" ", h("span", {class: state}, `${of[state]} ${state}`)]).flat());
    link.dataset.words = name;
    return h("li", null, link);
  }));
  const vantage = document.querySelector("h1 b").textContent;
  document.title = `${counts.down > 0 ? `${counts.down} down - ` : ""}${vantage} - reachd`;
}

function showTable() {
  shown = matching(ordered, view.words, view.state);
  table.show(withHeadings(shown));
  const all = ordered.length;
  setText(byId("count"), shown.length === all ? `${all.toLocaleString("en")} check${all === 1 ? "" : "s"}`
    : `${shown.length.toLocaleString("en")} of ${all.toLocaleString("en")} checks`);
  const words = shown.filter((row) => row.firewall).length;
  byId("copy-all").hidden = words === 0;
  setText(byId("copy-all"), `Copy ${Math.min(words, MOST_COPIED)} for the firewall team`);
}

function showAll() {
  ordered = worstFirst([...store.rows.values()]);
  showSummary();
  showTable();
  showCertificates(ordered);
}

let begun = false;
let showing = null;
/** Shows what has changed: the first time at once, later once for all that changes at about the same time. */
function showSoon() {
  if (!begun) {
    begun = true;
    showAll();
    begin();
    return;
  }
  showing ??= setTimeout(() => { showing = null; showAll(); }, 100);
}

/** The first rows are there. */
function begin() {
  performance.mark("reachd-shown");
  const chosen = new URLSearchParams(location.search).get("check");
  if (chosen && !detail.id) openDetail(chosen, {push: false});
  store.loadDays();
}

function showDays() {
  table.refresh();
  if (detail.id) detail.setDay(store.days.get(detail.id));
}

// ---- events as they happen

function say(text) {
  setText(byId("live-text"), text);
}

let heard = false; // the stream is open
function told() {
  byId("live").dataset.state = heard ? "live" : "waiting";
  say(heard ? "Live" : "Looking again every 15 s");
}

function lost() {
  byId("live").dataset.state = "lost";
  say(`reachd does not answer; this is as of ${new Date(lastHeard).toLocaleTimeString([], {hour12: false})}`);
}

let lastHeard = Date.now();
let spoken = [];
/** Tells a screen reader, one sentence for what happens at about the same time. */
function announce(event) {
  spoken.push(event);
  if (spoken.length > 1) return;
  setTimeout(() => {
    const down = spoken.filter((one) => one.kind === "check.down").length;
    const up = spoken.filter((one) => one.kind === "check.up").length;
    byId("announce").textContent = spoken.length === 1 ? spoken[0].message
      : `${spoken.length} events: ${down} down, ${up} up again`;
    spoken = [];
  }, 1000);
}

let dayTimer = null;
/** The days end in what has just happened. */
function loadDaysSoon() {
  dayTimer ??= setTimeout(() => { dayTimer = null; store.loadDays(); }, DAY_SOON);
}

function onEvent(message) {
  const event = JSON.parse(message.data);
  lastHeard = Date.now();
  if (!eventList.add(event)) return;
  announce(event);
  detail.onEvent(event);
  loadDaysSoon();
  if (event.check) store.ask(event.check.id);
  else if (event.kind !== "daemon.stopped") store.load();
}

function listen() {
  const source = new EventSource("/api/v1/stream");
  for (const kind of KINDS) source.addEventListener(kind, onEvent);
  source.addEventListener("open", () => {
    heard = true;
    lastHeard = Date.now();
    store.load(); // what happened while nobody listened
  });
  source.addEventListener("error", () => {
    heard = false;
    store.load();
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, RETRY); // too many streams: refused for good
  });
}

async function loadEvents() {
  try {
    const page = await getJson("/api/v1/events?limit=30");
    for (const event of page.events) eventList.add(event);
  } catch {
    // No journal: new events come by the stream.
  }
}

// ---- the chosen check

function remember(push) {
  const parameters = new URLSearchParams();
  if (view.words) parameters.set("q", view.words);
  if (view.state) parameters.set("state", view.state);
  if (detail.id) parameters.set("check", detail.id);
  const address = parameters.size > 0 ? `/?${parameters}` : "/";
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

/** On a phone the details cover the page: what is under them can't be reached meanwhile. */
function coverRest() {
  const covered = narrow.matches && detail.id !== null;
  for (const element of document.querySelectorAll("body > header, body > footer, .summary, #checks, .side")) {
    element.inert = covered;
  }
  document.body.classList.toggle("has-detail", detail.id !== null);
}

function openDetail(id, {focus = false, push = true} = {}) {
  table.activate(id);
  const fresh = detail.id === null;
  detail.open(id, store.rows.get(id), store.days.get(id));
  coverRest();
  if (push) remember(fresh);
  if (focus || narrow.matches) detail.focus();
}

function closeDetail() {
  if (!detail.id) return;
  detail.close();
  coverRest();
  remember(false);
  table.focus();
}

// ---- the filter

function setFilter(words, state) {
  view.words = words;
  view.state = state;
  if (byId("q").value !== words) byId("q").value = words;
  byId("state").value = state;
  const top = byId("checks").getBoundingClientRect().top;
  if (top < 0) scrollBy(0, top); // the first rows of what fits
  showTable();
  showSummary();
  remember(false);
}

function showSection(name) {
  if (detail.id) closeDetail();
  document.body.dataset.view = name;
  for (const link of document.querySelectorAll("body > header nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  byId(name).focus();
  if (name === "checks") table.schedule();
}

// ---- keys and clicks

function onClick(event) {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a");
  const row = event.target.closest("tr.check");
  const id = link?.dataset.check ?? (!link && getSelection().isCollapsed ? row?.querySelector("a").dataset.check : undefined);
  if (id) {
    event.preventDefault();
    openDetail(id, {focus: event.detail === 0}); // 0: by key
  } else if (link?.dataset.state) {
    event.preventDefault();
    setFilter(view.words, view.state === link.dataset.state ? "" : link.dataset.state);
  } else if (link?.dataset.words) {
    event.preventDefault();
    setFilter(view.words === link.dataset.words ? "" : link.dataset.words, view.state);
  } else if (link?.closest("body > header nav")) {
    event.preventDefault();
    showSection(link.hash.slice(1));
  }
}

const MOVES = {ArrowDown: 1, ArrowUp: -1, Home: "first", End: "last"};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape") {
    if (detail.id) closeDetail();
    else if (view.words || view.state) setFilter("", "");
    return;
  }
  if (event.key === "ArrowDown" && event.target === byId("q")) {
    event.preventDefault();
    table.focus();
    return;
  }
  const inTable = event.target.closest("#rows") || event.target === byId("checks");
  if (inTable && event.key in MOVES) {
    event.preventDefault();
    if (table.move(MOVES[event.key]) && detail.id && !narrow.matches) {
      openDetail(table.activeId, {push: false});
      remember(false);
    }
    return;
  }
  if (!typing && byId("single-keys").checked) onSingleKey(event);
}

function onSingleKey(event) {
  if (event.key === "/") {
    event.preventDefault();
    byId("q").select();
    byId("q").focus();
  } else if (event.key === "?") {
    byId("help").showModal();
  } else if (event.key === "c" && detail.id) {
    detail.copy();
  }
}

async function copyAll() {
  const words = shown.filter((row) => row.firewall).slice(0, MOST_COPIED).map((row) => row.firewall);
  const done = await copyText(words.join("\n"));
  setText(byId("announce"), done ? `Copied ${words.length}` : "The browser does not allow copying");
  byId("copy-all").textContent = done ? "Copied" : "Copying is not allowed";
  setTimeout(showTable, 2000);
}

/** Letters may be another program's keys (speech input): they can be turned off, and that is remembered. */
function setUpSingleKeys() {
  const box = byId("single-keys");
  try {
    box.checked = localStorage.getItem("single-keys") !== "off";
    box.addEventListener("change", () => localStorage.setItem("single-keys", box.checked ? "on" : "off"));
  } catch {
    // No storage in this browser: on until the page is left.
  }
}

let lookedAt = 0;
/** Asks for all rows from time to time while somebody looks. */
function lookAgain() {
  const due = lookedAt + (store.rows.size > MANY ? RELOAD_MANY : 0);
  if (document.visibilityState !== "visible" || performance.now() < due) return;
  lookedAt = performance.now();
  store.load();
}

function setUp() {
  byId("apply").hidden = true;
  byId("pages")?.remove();
  byId("help-open").hidden = false;
  byId("help-open").addEventListener("click", () => byId("help").showModal());
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("q").addEventListener("input", () => setFilter(byId("q").value, view.state));
  byId("state").addEventListener("change", () => setFilter(view.words, byId("state").value));
  byId("copy-all").addEventListener("click", copyAll);
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  narrow.addEventListener("change", coverRest);
  addEventListener("popstate", () => {
    const parameters = new URLSearchParams(location.search);
    const id = parameters.get("check");
    if (id) openDetail(id, {push: false});
    else if (detail.id) { detail.close(); coverRest(); }
    setFilter(parameters.get("q") ?? "", parameters.get("state") ?? "");
  });
  setUpSingleKeys();
  document.body.dataset.view = "checks";
  setInterval(keepTimes, 5000);
  setInterval(lookAgain, RELOAD);
  setInterval(() => { if (document.visibilityState === "visible") store.loadDays(); }, DAY_RELOAD);
  setInterval(() => { if (!heard) store.load(); }, RETRY);
}

setUp();
listen(); // and with it the rows: asked for once somebody listens to what changes
loadEvents();
