/**
 * Words that were written and not yet sent. Those of somebody signed in stay on the device, so that a closed tab or a
 * lost connection costs nothing; a guest's stay in the tab, since the device may be anybody's. Nothing is kept longer
 * than a month, and signing out takes everything away.
 *
 * @typedef {{ words: Record<string, string[]>, at: number, path: string, title: string }} Draft
 */

const lifetime = 30 * 86_400_000;
const prefix = "draft:";

/** @returns {string} Whose drafts these are; empty for a guest. */
function owner() {
  return document.body?.dataset.user ?? "";
}

/** @returns {Storage} */
function store() {
  return owner() ? localStorage : sessionStorage;
}

/** @param {string} name */
const keyOf = (name) => `${prefix}${owner()}:${name}`;

/**
 * @param {string} name
 * @param {Record<string, string[]>} words
 * @param {number} [now]
 */
export function keep(name, words, now = Date.now()) {
  /** @type {Draft} */
  const draft = { words, at: now, path: location.pathname + location.search, title: document.title };
  try {
    store().setItem(keyOf(name), JSON.stringify(draft));
  } catch {
    // A full or forbidden store costs the draft, never the form.
  }
}

/**
 * @param {string} name
 * @param {number} [now]
 * @returns {Draft | null}
 */
export function read(name, now = Date.now()) {
  return parsed(store().getItem(keyOf(name)), now);
}

/** @param {string} name */
export function drop(name) {
  store().removeItem(keyOf(name));
  sessionStorage.removeItem(`${keyOf(name)}:sent`);
}

/**
 * A form went off with these words; whether it arrived is known when its page is seen again.
 * @param {string} name
 */
export function markSent(name) {
  sessionStorage.setItem(`${keyOf(name)}:sent`, "1");
}

/**
 * Whether the form had gone off, and forgets it.
 * @param {string} name
 */
export function takeSent(name) {
  const key = `${keyOf(name)}:sent`;
  const was = sessionStorage.getItem(key) !== null;
  sessionStorage.removeItem(key);
  return was;
}

/** Nothing that went off has arrived: the network was not there. */
export function nothingArrived() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(prefix) && key.endsWith(":sent")) sessionStorage.removeItem(key);
  }
}

/**
 * All drafts of this device that a page may name, newest first.
 * @param {number} [now]
 * @returns {Draft[]}
 */
export function all(now = Date.now()) {
  const found = [];
  for (const place of [localStorage, sessionStorage]) {
    for (const key of Object.keys(place)) {
      const draft = key.startsWith(prefix) && !key.endsWith(":sent") ? parsed(place.getItem(key), now) : null;
      if (draft) found.push(draft);
    }
  }
  return found.sort((a, b) => b.at - a.at);
}

/** Takes away every draft of this device. */
export function forget() {
  for (const place of [localStorage, sessionStorage]) {
    for (const key of Object.keys(place)) if (key.startsWith(prefix)) place.removeItem(key);
  }
}

/** Takes away what somebody else left on the device, and what is older than a month. */
export function forgetOthers(now = Date.now()) {
  const mine = owner();
  if (!mine) return;
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(prefix)) continue;
    if (!key.startsWith(`${prefix}${mine}:`) || !parsed(localStorage.getItem(key), now)) localStorage.removeItem(key);
  }
}

/**
 * @param {string | null} text
 * @param {number} now
 * @returns {Draft | null}
 */
function parsed(text, now) {
  if (!text) return null;
  try {
    const draft = JSON.parse(text);
    const isDraft = typeof draft?.at === "number" && typeof draft.path === "string" && typeof draft.words === "object";
    return isDraft && now - draft.at < lifetime ? draft : null;
  } catch {
    return null;
  }
}
