import { icon, word } from "./words.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

/**
 * Light, dark, or as the system has it. Kept in a cookie, so that the server can print `data-theme` and no page ever
 * flashes in the wrong colours.
 * @param {HTMLElement} element
 */
export default function theme(element) {
  element.hidden = false;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", word("theme", "Colours"));
  const root = document.documentElement;
  // On an https site the server takes only cookies whose prefix says that no neighbour can have set them.
  const secure = location.protocol === "https:";
  const cookie = secure ? "__Host-theme" : "theme";
  /** @type {[Theme, string, string][]} */
  const choices = [
    ["auto", "laptop", word("theme-auto", "As the system")],
    ["light", "sun", word("theme-light", "Light")],
    ["dark", "moon", word("theme-dark", "Dark")],
  ];
  const buttons = choices.map(([value, sign, label]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", label);
    button.title = label;
    button.append(icon(sign));
    button.addEventListener("click", () => {
      press(value);
      const age = value === "auto" ? 0 : 31_536_000;
      document.cookie = `${cookie}=${value}; path=/; max-age=${age}; samesite=lax${secure ? "; secure" : ""}`;
      // The pressed button is the next picture; all else takes its colours in the one after it, which on a phone takes long.
      requestAnimationFrame(() => setTimeout(wear));
    });
    return button;
  });
  /** @type {Theme} */
  let chosen = "auto";
  /** @param {Theme} value */
  const press = (value) => {
    chosen = value;
    choices.forEach(([other], index) => buttons[index]?.setAttribute("aria-pressed", String(other === value)));
  };
  const wear = () => {
    if (chosen === "auto") delete root.dataset.theme;
    else root.dataset.theme = chosen;
  };
  element.replaceChildren(...buttons);
  const kept = new RegExp(`(?:^|; )${cookie}=(light|dark)`).exec(document.cookie)?.[1];
  press(/** @type {Theme} */ (root.dataset.theme ?? kept ?? "auto"));
  if (!root.dataset.theme) wear();
}
