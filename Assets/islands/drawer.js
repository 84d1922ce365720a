/**
 * Filters on a phone: the `<details class="drawer">` closes by Escape and by a press beside it, and holds the page
 * still while it is open. On a wide screen its panel is simply part of the page.
 * @param {HTMLElement} element
 */
export default function drawer(element) {
  if (!(element instanceof HTMLDetailsElement)) return;
  const wide = matchMedia("(min-width: 60rem)");
  const inPlace = () => wide.matches && !element.classList.contains("always");
  const settle = () => {
    // Opened on wide screens for browsers that cannot style the contents of a closed <details>.
    element.open = inPlace();
  };
  settle();
  wide.addEventListener("change", settle);
  element.addEventListener("toggle", () => {
    document.documentElement.classList.toggle("held-still", element.open && !inPlace());
    if (element.open && !inPlace()) {
      /** @type {HTMLElement | null} */ (element.querySelector(".drawer-panel :is(input, select, button, a[href])"))?.focus();
    }
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !element.open || inPlace()) return;
    element.open = false;
    element.querySelector("summary")?.focus();
  });
  element.addEventListener("click", (event) => {
    // The shade is the element's own ::before, so a press on it lands on the element itself.
    if (event.target === element && element.open && !inPlace()) element.open = false;
  });
}
