/**
 * A `<details class="menu">` that closes as menus do: Escape (focus returns), a press outside, focus leaving; arrows
 * walk its items. Without this module it opens and closes by its summary.
 * @param {HTMLElement} element
 */
export default function menu(element) {
  if (!(element instanceof HTMLDetailsElement)) return;
  const summary = element.querySelector("summary");
  const items = () => /** @type {HTMLElement[]} */ ([...element.querySelectorAll(".menu-item")]);

  document.addEventListener("pointerdown", (event) => {
    if (element.open && event.target instanceof Node && !element.contains(event.target)) element.open = false;
  });
  element.addEventListener("focusout", (event) => {
    if (element.open && event.relatedTarget instanceof Node && !element.contains(event.relatedTarget)) element.open = false;
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && element.open) {
      element.open = false;
      summary?.focus();
      event.stopPropagation();
      return;
    }
    const all = items();
    const here = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const next = { ArrowDown: here + 1, ArrowUp: here < 0 ? all.length - 1 : here - 1, Home: 0, End: all.length - 1 };
    const target = next[event.key];
    if (target === undefined || all.length === 0) return;
    event.preventDefault();
    element.open = true;
    all[(target + all.length) % all.length]?.focus();
  });
}
