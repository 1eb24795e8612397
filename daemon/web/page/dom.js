// Small tools around the document. Everything that is shown comes in as text: nothing here makes markup of a string, and
// the page's policy (Trusted Types) holds the other modules to it.

const SVG = "http://www.w3.org/2000/svg";

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false && child !== "") element.append(child);
  }
  return element;
}

/** An HTML element with attributes and children; a string becomes a text node, false and null become nothing. */
export const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);

/** The same for SVG. */
export const s = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

/** Sets a text only where it differs, so that nothing is laid out and announced anew without need. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Fills an element anew only where `key` says that it would differ, so that nobody who is in it loses the focus. */
export function renew(element, key, make) {
  if (element.dataset.shows === key) return;
  element.dataset.shows = key;
  element.replaceChildren(...make());
}

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** "3 h 12 min": two units at most, as the server writes it. */
export function roughDuration(milliseconds) {
  let left = Math.floor(milliseconds / 1000);
  const parts = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(left / length);
    if (count > 0) parts.push(`${count} ${unit}`);
    left -= count * length;
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return parts.join(" ") || "0 s";
}

/** "2026-11-22 13:04:11 UTC" */
export const utc = (time) => new Date(time).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");

/** "13:04:11" where the reader is. */
export const clock = (time) => new Date(time).toLocaleTimeString([], {hour12: false});

/** How long ago; keepTimes() keeps it true. */
export function since(time) {
  const element = h("time", {datetime: new Date(time).toISOString(), title: utc(time)},
    roughDuration(Date.now() - time));
  element.dataset.ms = time;
  return element;
}

/** Brings every since() on the page up to date. */
export function keepTimes() {
  for (const element of document.querySelectorAll("time[data-ms]")) {
    setText(element, roughDuration(Date.now() - Number(element.dataset.ms)));
  }
}

/** A state as a word in its colour. */
export const badge = (state) => h("span", {class: `badge ${state}`}, state);

/** "12.3 ms", "1.20 s" */
export function shortTime(seconds) {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  const milliseconds = seconds * 1000;
  if (milliseconds < 0.05) return "under 0.1 ms";
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** Puts text into the clipboard; false where the browser doesn't let us. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Beyond loopback without TLS there is no clipboard interface; the old way still works.
    const area = h("textarea", {class: "offscreen", "aria-hidden": "true"});
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
