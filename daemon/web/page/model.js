// What the page knows of the checks, and in which order it shows them. Pure: no document, no network.

const GRAVITY = {critical: 0, warning: 1, info: 2};

/** In the order of attention. */
export const STATES = ["down", "degraded", "unknown", "up"];

/** A row of /api/v1/checks?view=brief as the page keeps it. */
export function toRow(brief) {
  const certificateEnd = brief.certificate_not_after ? Date.parse(brief.certificate_not_after) : null;
  return {
    id: brief.check,
    name: brief.name,
    product: brief.product,
    requirement: brief.requirement ?? "",
    purpose: brief.purpose ?? "",
    device: brief.device ?? "",
    severity: brief.severity,
    state: brief.state,
    reason: brief.reason ?? "",
    message: brief.message ?? "",
    since: Date.parse(brief.last_change),
    target: brief.target,
    suppressedBy: brief.suppressed_by,
    certificateEnd,
    firewall: brief.firewall ?? "",
    // The same fields as the server's filter looks at (page.cpp).
    haystack: [brief.check, brief.name, brief.product, brief.device, brief.purpose, brief.target, brief.state,
      brief.reason, brief.message].filter(Boolean).join(" ").toLowerCase(),
  };
}

/** What is under `key` in a map, made by `make` at the first call. */
function entry(map, key, make) {
  let found = map.get(key);
  if (!found) map.set(key, found = make());
  return found;
}

const byGravityAndName = ([nameA, a], [nameB, b]) => a.gravity - b.gravity || (nameA < nameB ? -1 : 1);
const byGravityAndId = (a, b) => GRAVITY[a.severity] - GRAVITY[b.severity] || (a.id < b.id ? -1 : 1);

/** In the order of attention: states, in them products and requirements with the gravest check first (glance.hpp). */
export function worstFirst(rows) {
  const states = new Map(STATES.map((state) => [state, new Map()]));
  for (const row of rows) {
    const gravity = GRAVITY[row.severity];
    const product = entry(states.get(row.state), row.product, () => ({gravity, requirements: new Map()}));
    const requirement = entry(product.requirements, row.requirement, () => ({gravity, rows: []}));
    product.gravity = Math.min(product.gravity, gravity);
    requirement.gravity = Math.min(requirement.gravity, gravity);
    requirement.rows.push(row);
  }
  const sorted = [];
  for (const products of states.values()) {
    for (const [, product] of [...products].sort(byGravityAndName)) {
      for (const [, requirement] of [...product.requirements].sort(byGravityAndName)) {
        for (const row of requirement.rows.sort(byGravityAndId)) sorted.push(row);
      }
    }
  }
  return sorted;
}

/** The rows in which every word occurs, of that state ("": any). */
export function matching(rows, words, state) {
  const needles = words.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => (!state || row.state === state) &&
    needles.every((needle) => row.haystack.includes(needle)));
}

/** What the table shows, from rows in their order: a heading where the state or product changes, and the rows. */
export function withHeadings(rows) {
  const items = [];
  let heading = null;
  for (const row of rows) {
    if (!heading || heading.state !== row.state || heading.product !== row.product) {
      heading = {key: `${row.state}\n${row.product}`, heading: true, state: row.state, product: row.product, count: 0};
      items.push(heading);
    }
    heading.count += 1;
    items.push({key: row.id, row});
  }
  return items;
}

/** How many rows of each state: {down, degraded, unknown, up}. */
export function countStates(rows) {
  const counts = {down: 0, degraded: 0, unknown: 0, up: 0};
  for (const row of rows) counts[row.state] += 1;
  return counts;
}

/** [product, counts] of each product, in the order of the rows. */
export function countProducts(rows) {
  const products = new Map();
  for (const row of rows) {
    if (!products.has(row.product)) products.set(row.product, {down: 0, degraded: 0, unknown: 0, up: 0});
    products.get(row.product)[row.state] += 1;
  }
  return [...products];
}
