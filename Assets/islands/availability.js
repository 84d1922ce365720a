/**
 * The week of a tutor's hours: adding, removing and copying rows without a round to the server. The buttons are ordinary
 * submit buttons; without this module the server does the same.
 */

/** @typedef {{ start: string, end: string }} Row */

/**
 * The rows worth keeping when a day is copied.
 * @param {Row[]} rows
 * @returns {Row[]}
 */
export function copied(rows) {
  return rows.filter((row) => row.start !== "" || row.end !== "");
}

/**
 * What a new row on a day begins with: an hour after the last one's end, or nothing.
 * @param {Row[]} rows
 * @returns {Row}
 */
export function proposal(rows) {
  const last = copied(rows).at(-1);
  if (!last || !/^\d\d:\d\d/.test(last.end) || last.end <= last.start) return { start: "", end: "" };
  const hour = Number(last.end.slice(0, 2));
  if (hour >= 22) return { start: "", end: "" };
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const minute = last.end.slice(3, 5);
  return { start: `${two(hour + 1)}:${minute}`, end: hour >= 21 ? "00:00" : `${two(Math.min(hour + 3, 23))}:${minute}` };
}

/**
 * @param {ParentNode} day
 * @returns {HTMLElement[]}
 */
const rowsOf = (day) => [.../** @type {NodeListOf<HTMLElement>} */ (day.querySelectorAll("[data-row]"))];

/**
 * @param {Element} row
 * @returns {HTMLInputElement[]}
 */
const inputsOf = (row) => [...row.querySelectorAll("input")];

/** @param {Element} row @returns {Row} */
const valueOf = (row) => {
  const [start, end] = inputsOf(row);
  return { start: start?.value ?? "", end: end?.value ?? "" };
};

/**
 * @param {Element} row
 * @param {Row} value
 */
function fill(row, value) {
  const [start, end] = inputsOf(row);
  for (const [input, text] of /** @type {[HTMLInputElement | undefined, string][]} */ ([[start, value.start], [end, value.end]])) {
    if (!input) continue;
    input.value = text;
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  row.querySelector(".error")?.remove();
}

/** Gives every field of a day its name's number again. @param {HTMLElement} day */
function number(day) {
  const weekday = day.dataset.weekday ?? "";
  const rows = rowsOf(day);
  rows.forEach((row, at) => {
    const [start, end] = inputsOf(row);
    if (start) start.id = `start-${weekday}-${at}`;
    if (end) end.id = `end-${weekday}-${at}`;
    const remove = row.querySelector("[data-remove]");
    if (remove instanceof HTMLButtonElement) remove.value = `remove-${weekday}-${at}`;
  });
  day.classList.toggle("closed", copied(rows.map(valueOf)).length === 0);
}

/**
 * A copy of the day's first row behind its last, with these times.
 * @param {HTMLElement} day
 * @param {Row} value
 * @returns {HTMLElement | undefined}
 */
function append(day, value) {
  const rows = rowsOf(day);
  const copy = rows[0]?.cloneNode(true);
  if (!(copy instanceof HTMLElement)) return undefined;
  fill(copy, value);
  rows[rows.length - 1]?.after(copy);
  number(day);
  return copy;
}

/**
 * @param {HTMLElement} day
 * @param {Row[]} values
 */
function replace(day, values) {
  const [first, ...others] = rowsOf(day);
  for (const row of others) row.remove();
  if (first) fill(first, values[0] ?? { start: "", end: "" });
  for (const value of values.slice(1)) append(day, value);
  number(day);
}

/** @param {HTMLElement} element */
export default function availability(element) {
  if (!(element instanceof HTMLFormElement)) return;
  const days = [.../** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("[data-weekday]"))];
  let isChanged = false;

  element.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[name='do']") : null;
    if (!(button instanceof HTMLButtonElement) || button.value === "save") return;
    event.preventDefault();
    isChanged = true;
    const day = button.closest("[data-weekday]");
    if (button.value === "copy") {
      const source = element.querySelector("[name='copy-from']");
      const from = days.find((one) => source instanceof HTMLSelectElement && one.dataset.weekday === source.value);
      if (!from) return;
      const values = copied(rowsOf(from).map(valueOf));
      for (const box of element.querySelectorAll("input[name='copy-to']:checked")) {
        const to = days.find((one) => box instanceof HTMLInputElement && one.dataset.weekday === box.value);
        if (to && to !== from) replace(to, values);
      }
      button.closest("details")?.removeAttribute("open");
      inputsOf(from)[0]?.focus();
      return;
    }
    if (!(day instanceof HTMLElement)) return;
    if (button.value.startsWith("add-")) {
      const rows = rowsOf(day);
      const row = append(day, proposal(rows.map(valueOf)));
      if (row) inputsOf(row)[0]?.focus();
      return;
    }
    const row = button.closest("[data-row]");
    if (!row) return;
    if (rowsOf(day).length > 1) {
      row.remove();
      number(day);
    } else {
      replace(day, []);
    }
    const add = day.querySelector("[data-add]");
    if (add instanceof HTMLElement) add.focus();
  });

  element.addEventListener("input", (event) => {
    isChanged = true;
    const day = event.target instanceof Element ? event.target.closest("[data-weekday]") : null;
    if (day instanceof HTMLElement) number(day);
  });
  element.addEventListener("submit", () => {
    isChanged = false;
  });
  // What was typed is not lost by a slip of the hand.
  addEventListener("beforeunload", (event) => {
    if (isChanged) event.preventDefault();
  });
}
