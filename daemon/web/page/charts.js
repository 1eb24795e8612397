// Small plots as SVG: the last day of a check, and where the time of a probe went.

import {h, s, shortTime, roughDuration, clock} from "./dom.js";

const SLOT_STATES = ["unseen", "up", "degraded", "down"];
export const PHASES = ["resolve", "connect", "proxy", "tls", "request"];

/** Stretches of equal slots: [{state, from, length}] in slots. */
function stretches(slots) {
  const found = [];
  for (let at = 0; at < slots.length;) {
    let end = at + 1;
    while (end < slots.length && slots[end] === slots[at]) end += 1;
    found.push({state: SLOT_STATES[Number(slots[at])] ?? "unseen", from: at, length: end - at});
    at = end;
  }
  return found;
}

function dayInWords(parts, slotLength) {
  const sums = {down: 0, degraded: 0, unseen: 0};
  for (const part of parts) if (part.state in sums) sums[part.state] += part.length * slotLength;
  const told = [["down", "down"], ["degraded", "degraded"], ["unseen", "not observed"]]
    .filter(([state]) => sums[state] > 0).map(([state, word]) => `${word} about ${roughDuration(sums[state])}`);
  return `Last 24 hours: ${told.join(", ") || "up"}`;
}

/**
 * The last day as one strip. `slots`: a digit a slot, the worst that was seen in it (/api/v1/report); `to`: its end in
 * milliseconds. With `titles`, pointing at a stretch says when it was.
 */
export function dayStrip(slots, to, titles = false) {
  const day = 86400000;
  const slotLength = day / slots.length;
  const parts = stretches(slots);
  const bars = parts.map((part) => s("rect",
    {x: part.from, y: 0, width: part.length, height: 10, class: `slot ${part.state}`},
    titles && s("title", null, `${clock(to - day + part.from * slotLength)} to ` +
      `${clock(to - day + (part.from + part.length) * slotLength)}: ${part.state === "unseen" ? "not observed" : part.state}`)));
  return s("svg", {class: "day", viewBox: `0 0 ${slots.length} 10`, preserveAspectRatio: "none", role: "img",
    "aria-label": dayInWords(parts, slotLength)}, bars);
}

const phasesOf = (timings) => PHASES.filter((phase) => timings[phase] !== null && timings[phase] !== undefined)
  .map((phase) => [phase, timings[phase]]);

/** Where the time of one probe went: a bar in parts and the parts in words. */
export function phaseBar(timings) {
  const parts = phasesOf(timings);
  const whole = parts.reduce((sum, [, seconds]) => sum + seconds, 0) || 1;
  let at = 0;
  const bars = parts.map(([phase, seconds]) => {
    const bar = s("rect", {x: at, y: 0, width: Math.max((seconds / whole) * 100, 0.5), height: 10, class: `phase ${phase}`});
    at += (seconds / whole) * 100;
    return bar;
  });
  const words = parts.map(([phase, seconds]) => `${phase} ${shortTime(seconds)}`).join(", ");
  return [
    s("svg", {class: "phases", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img",
      "aria-label": `Phases of the last probe: ${words || "none"}`}, bars),
    h("ul", {class: "legend"}, parts.map(([phase, seconds]) =>
      h("li", null, h("i", {class: `phase ${phase}`}), `${phase} `, h("b", null, shortTime(seconds)))),
      h("li", null, "total ", h("b", null, shortTime(timings.total)))),
  ];
}

/** The last probes side by side, each a column of its phases; failures stand in the colour of down. */
export function probeColumns(results) {
  const most = Math.max(...results.map((result) => result.timings.total), 1e-6);
  const columns = results.map((result, index) => {
    let top = 40;
    const parts = result.success ? phasesOf(result.timings) : [["failed", result.timings.total]];
    const title = s("title", null, `${clock(Date.parse(result.time))}: ${result.reason}, ${shortTime(result.timings.total)}`);
    return s("g", null, title, parts.map(([phase, seconds]) => {
      const height = Math.max((seconds / most) * 40, 0.8);
      top -= height;
      return s("rect", {x: index * 6, y: top, width: 5, height, class: `phase ${phase}`});
    }));
  });
  const failed = results.filter((result) => !result.success).length;
  return s("svg", {class: "columns", viewBox: `0 0 ${Math.max(results.length, 40) * 6} 40`,
    preserveAspectRatio: "xMinYMax meet", role: "img",
    "aria-label": `The last ${results.length} probes: the longest took ${shortTime(most)}, ${failed} failed`}, columns);
}
