/**
 * Words for islands in the page's language: the shell prints them once as JSON, English stands in for what is missing.
 * @type {Record<string, string> | undefined}
 */
let words;

/**
 * The sentence under `key`, with `{name}` places filled.
 * @param {string} key
 * @param {string} english
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function word(key, english, values = {}) {
  if (words === undefined) {
    words = {};
    try {
      words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
    } catch {
      // A broken block costs translations, never the page.
    }
  }
  const text = words?.[key] ?? english;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The address of the icon sprite, learned from an icon already on the page (its name carries a hash). */
export function spriteAddress() {
  const use = document.querySelector('svg use[href*="#"]');
  return use?.getAttribute("href")?.split("#")[0] ?? "/assets/icons.svg";
}

/**
 * An icon as the shell would write it.
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${spriteAddress()}#${name}`);
  svg.append(use);
  return svg;
}
