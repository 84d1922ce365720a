import { icon, word } from "./words.js";

/**
 * What is wrong with a field, as a sentence, or nothing. The page's own sentences (`data-missing`, `data-wrong`,
 * `data-short`, `data-long`) are preferred: the browser speaks its own language, not the page's.
 * @param {{ validity: Pick<ValidityState, "valid" | "valueMissing" | "tooShort" | "tooLong" | "customError">,
 *   validationMessage: string, dataset: Record<string, string | undefined> }} field
 * @returns {string}
 */
export function complaint({ validity, validationMessage, dataset }) {
  if (validity.valid) return "";
  if (validity.customError) return validationMessage;
  if (validity.valueMissing) return dataset.missing ?? word("field-missing", "Please fill this in.");
  if (validity.tooShort) return dataset.short ?? word("field-short", "That is a little too short.");
  if (validity.tooLong) return dataset.long ?? word("field-long", "That is too long.");
  return dataset.wrong ?? word("field-wrong", "That does not look right yet.");
}

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Field */

/**
 * @param {Field} field
 * @param {string} sentence Empty when nothing is wrong.
 */
function show(field, sentence) {
  if (sentence) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  field.closest(".field")?.classList.toggle("invalid", sentence !== "");
  const place = field.id ? document.getElementById(`${field.id}-error`) : null;
  if (!place) return;
  place.replaceChildren();
  place.hidden = sentence === "";
  if (!sentence) return;
  const words = document.createElement("span");
  words.textContent = sentence;
  place.append(icon("alert"), words);
}

/**
 * The words of a form as plain pairs. Secrets, files and hidden values are nobody's draft.
 * @param {HTMLFormElement} form
 * @returns {Record<string, string[]>}
 */
export function wordsOf(form) {
  /** @type {Record<string, string[]>} */
  const words = {};
  for (const field of fieldsOf(form)) {
    if (!keepable(field)) continue;
    const list = (words[field.name] ??= []);
    if (field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio")) {
      if (field.checked) list.push(field.value);
    } else {
      list.push(field.value);
    }
  }
  return words;
}

/**
 * @param {HTMLFormElement} form
 * @param {Record<string, string[]>} words
 */
function putBack(form, words) {
  /** @type {Record<string, number>} */
  const seen = {};
  for (const field of fieldsOf(form)) {
    const list = words[field.name];
    if (!list || !keepable(field)) continue;
    if (field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio")) {
      field.checked = list.includes(field.value);
    } else {
      const place = (seen[field.name] = (seen[field.name] ?? -1) + 1);
      field.value = list[place] ?? field.value;
    }
  }
}

/**
 * @param {HTMLFormElement} form
 * @returns {Field[]}
 */
function fieldsOf(form) {
  return /** @type {Field[]} */ ([...form.elements].filter((e) => e.matches("input, textarea, select")));
}

/** @param {Field} field */
function keepable(field) {
  if (!field.name || field.autocomplete.startsWith("cc-") || field.autocomplete === "off") return false;
  return !["password", "file", "hidden", "submit", "button", "image", "reset"].includes(field.type);
}

/**
 * Kind checks when a field is left (never while the first word is typed), drafts kept in this tab when `data-draft`
 * names one, and no second send while the first is on its way.
 * @param {HTMLElement} element
 */
export default function form(element) {
  if (!(element instanceof HTMLFormElement)) return;
  element.noValidate = true;

  const touched = new WeakSet();
  const check = (/** @type {Field} */ field) => {
    const sentence = complaint(field);
    show(field, sentence);
    return sentence === "";
  };
  element.addEventListener("focusout", (event) => {
    const field = /** @type {Field} */ (event.target);
    if (!(field instanceof Element) || !field.matches("input, textarea, select")) return;
    // An empty field just walked through is no mistake yet.
    if (field.value === "" && !touched.has(field)) return;
    touched.add(field);
    check(field);
  });
  element.addEventListener("input", (event) => {
    const field = /** @type {Field} */ (event.target);
    if (field.getAttribute("aria-invalid") === "true") check(field);
    if (field instanceof HTMLTextAreaElement) count(field);
    touched.add(field);
  });
  for (const area of element.querySelectorAll("textarea")) count(area);

  const key = element.dataset.draft ? `draft:${element.dataset.draft}` : "";
  if (key) keepDraft(element, key);

  element.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (element.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    if (!button?.formNoValidate) {
      const wrong = fieldsOf(element).filter((field) => field.willValidate && !check(field));
      if (wrong.length > 0) {
        event.preventDefault();
        wrong[0]?.focus();
        return;
      }
    }
    element.setAttribute("aria-busy", "true");
    button?.setAttribute("aria-busy", "true");
    if (key) sessionStorage.setItem(`${key}:sent`, "1");
  });
  // Coming back by the Back button finds a form that can be sent again.
  addEventListener("pageshow", () => {
    element.removeAttribute("aria-busy");
    for (const button of element.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });
}

/** @param {HTMLTextAreaElement} area */
function count(area) {
  if (area.dataset.count === undefined || area.maxLength < 0) return;
  let place = area.nextElementSibling;
  if (!place?.classList.contains("counter")) {
    place = document.createElement("p");
    place.className = "counter";
    area.after(place);
  }
  place.textContent = word("characters-left", "{count} characters left", { count: area.maxLength - area.value.length });
}

/**
 * @param {HTMLFormElement} element
 * @param {string} key
 */
function keepDraft(element, key) {
  // What the server printed is the truth after a refusal (its words are back already) and the start otherwise.
  const printed = JSON.stringify(wordsOf(element));
  const refused = element.querySelector('[aria-invalid="true"], .form-errors') !== null;
  const sent = sessionStorage.getItem(`${key}:sent`) !== null;
  sessionStorage.removeItem(`${key}:sent`);
  if (sent && !refused) sessionStorage.removeItem(key);
  const saved = refused ? null : sessionStorage.getItem(key);
  if (saved && saved !== printed) {
    try {
      putBack(element, JSON.parse(saved));
      offerToDiscard(element, key, printed);
    } catch {
      sessionStorage.removeItem(key);
    }
  }
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const save = () => {
    const now = JSON.stringify(wordsOf(element));
    if (now === printed) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, now);
  };
  element.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, 400);
  });
  addEventListener("pagehide", () => {
    if (element.getAttribute("aria-busy") !== "true") save();
  });
}

/**
 * @param {HTMLFormElement} element
 * @param {string} key
 * @param {string} printed
 */
function offerToDiscard(element, key, printed) {
  const note = document.createElement("p");
  note.className = "hint draft-note";
  note.setAttribute("role", "status");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button link";
  button.textContent = word("draft-discard", "Start afresh");
  button.addEventListener("click", () => {
    putBack(element, JSON.parse(printed));
    sessionStorage.removeItem(key);
    note.remove();
  });
  note.append(word("draft-restored", "Your unsent words are back."), " ", button);
  element.prepend(note);
}
