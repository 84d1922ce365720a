import { icon, word } from "./words.js";

/** @typedef {"" | "weak" | "fair" | "good" | "strong"} Strength */

/**
 * A rough, kind judgement: length counts most, variety a little, repetition and the usual suspects against it. The
 * server has the last word.
 * @param {string} password
 * @returns {Strength}
 */
export function strengthOf(password) {
  if (password === "") return "";
  const letters = [...password];
  const different = new Set(letters).size;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}]/u].filter((kind) => kind.test(password)).length;
  const usual = /^(?:password|qwerty|azerty|letmein|welcome|iloveyou|tutalink|admin)|^(?:0?123456|abcdef)/i.test(password);
  const score = Math.min(letters.length, different * 1.6) + (kinds - 1) * 1.5;
  if (usual || letters.length < 8 || different < 4) return "weak";
  if (score < 12) return "fair";
  return score < 17 ? "good" : "strong";
}

/** @returns {Record<Exclude<Strength, "">, string>} */
const sentences = () => ({
  weak: word("strength-weak", "Easily guessed. A few more words would help."),
  fair: word("strength-fair", "Fair. Longer is stronger."),
  good: word("strength-good", "Good."),
  strong: word("strength-strong", "Strong."),
});

/**
 * A button that shows what was typed, and with `data-strength` words about its strength.
 * @param {HTMLElement} element
 */
export default function password(element) {
  const input = element.querySelector("input");
  if (!input) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal";
  const turn = (/** @type {boolean} */ shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.setAttribute("aria-label", shown ? word("hide-password", "Hide password") : word("show-password", "Show password"));
    button.replaceChildren(icon(shown ? "eye-off" : "eye"));
  };
  turn(false);
  button.addEventListener("click", () => turn(input.type === "password"));
  // Sent as a password whatever was shown, so that the browser offers to keep it and nothing else does.
  input.form?.addEventListener("submit", () => turn(false));
  element.append(button);

  if (element.dataset.strength === undefined && input.dataset.strength === undefined) return;
  const place = element.parentElement?.querySelector(".strength");
  if (!place) return;
  const tell = () => {
    const strength = strengthOf(input.value);
    place.className = `strength ${strength}`.trim();
    place.textContent = strength === "" ? "" : sentences()[strength];
  };
  input.addEventListener("input", tell);
  tell();
}
