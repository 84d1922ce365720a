import * as drafts from "./drafts.js";
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
  const place = document.getElementById(`${field.id || field.name}-error`);
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
 * Kind checks when a field is left (never while the first word is typed), drafts kept when `data-draft` names one,
 * no second send while the first is on its way, and none into a network that is not there.
 * @param {HTMLElement} element
 */
export default function form(element) {
  if (!(element instanceof HTMLFormElement)) return;
  element.noValidate = true;

  const touched = new WeakSet();
  const check = (/** @type {Field} */ field) => {
    // A choice of one says what is missing for all of its buttons.
    const { missing } = field.closest("fieldset")?.dataset ?? {};
    const sentence = missing && field.validity.valueMissing ? missing : complaint(field);
    show(field, sentence);
    return sentence === "";
  };
  element.addEventListener("focusout", (event) => {
    const field = /** @type {Field} */ (event.target);
    if (!(field instanceof Element) || !field.matches("input, textarea, select")) return;
    // An empty field just walked through is no mistake yet.
    if (field.validity.valueMissing && !touched.has(field)) return;
    touched.add(field);
    check(field);
  });
  element.addEventListener("input", (event) => {
    const field = /** @type {Field} */ (event.target);
    if (field.getAttribute("aria-invalid") === "true") {
      if (field.type === "radio") fieldsOf(element).filter((one) => one.name === field.name).forEach(check);
      else check(field);
    }
    if (field instanceof HTMLTextAreaElement) count(field);
    touched.add(field);
  });
  for (const area of element.querySelectorAll("textarea")) count(area);

  const name = element.dataset.draft ?? "";
  if (name) keepDraft(element, name);

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
        // One that stands behind a closed line cannot be gone to.
        (wrong.find((field) => !field.closest("details:not([open])")) ?? wrong[0])?.focus();
        return;
      }
    }
    if (!navigator.onLine) {
      event.preventDefault();
      if (name) drafts.keep(name, wordsOf(element));
      sayOffline(element, name !== "");
      return;
    }
    element.setAttribute("aria-busy", "true");
    button?.setAttribute("aria-busy", "true");
    if (name) {
      drafts.keep(name, wordsOf(element));
      drafts.markSent(name);
    }
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
 * @param {string} name
 */
function keepDraft(element, name) {
  // What the server printed is the truth after a refusal (its words are back already) and the start otherwise.
  const printed = JSON.stringify(wordsOf(element));
  const refused = element.querySelector('[aria-invalid="true"], .form-errors') !== null;
  if (drafts.takeSent(name) && !refused) drafts.drop(name);
  const saved = refused ? null : drafts.read(name);
  if (saved && JSON.stringify(saved.words) !== printed) {
    putBack(element, saved.words);
    offerToDiscard(element, name, printed);
  }
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const save = () => {
    const now = wordsOf(element);
    if (JSON.stringify(now) === printed) drafts.drop(name);
    else drafts.keep(name, now);
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
 * @param {string} name
 * @param {string} printed
 */
function offerToDiscard(element, name, printed) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button link";
  button.textContent = word("draft-discard", "Start afresh");
  const note = tell(element, word("draft-restored", "Your unsent words are back."), button);
  button.addEventListener("click", () => {
    putBack(element, JSON.parse(printed));
    drafts.drop(name);
    note.remove();
  });
}

/**
 * A line at the head of a form, in place of the one that stood there.
 * @param {HTMLFormElement} element
 * @param {string} sentence
 * @param {HTMLButtonElement} [button]
 */
function tell(element, sentence, button) {
  const note = document.createElement("p");
  note.className = "hint draft-note";
  note.setAttribute("role", "status");
  note.append(sentence);
  if (button) note.append(" ", button);
  element.querySelector(".draft-note")?.remove();
  element.prepend(note);
  return note;
}

/**
 * The network is away: the words stay where they are, and are sent by a hand when it is back.
 * @param {HTMLFormElement} element
 * @param {boolean} isKept
 */
function sayOffline(element, isKept) {
  const offline = isKept
    ? word("draft-offline", "You are offline. Your words are kept on this device, and can be sent when you are back.")
    : word("offline", "You are offline");
  const note = tell(element, offline);
  note.scrollIntoView({ block: "nearest" });
  addEventListener(
    "online",
    () => {
      const button = document.createElement("button");
      button.type = "submit";
      button.className = "button link";
      button.textContent = word("draft-send", "Send now");
      tell(element, word("draft-online", "The connection is back."), button);
    },
    { once: true },
  );
}
