/**
 * Tabs within a page by the ARIA pattern: arrows move and choose, Home and End jump; the address keeps the choice.
 * Without this module the tabs are links to sections that all stand on the page.
 * @param {HTMLElement} element
 */
export default function tabs(element) {
  const all = /** @type {HTMLElement[]} */ ([...element.querySelectorAll('[role="tab"]')]);
  const panel = (/** @type {HTMLElement} */ tab) => document.getElementById(tab.getAttribute("aria-controls") ?? "");
  if (all.length === 0) return;

  const choose = (/** @type {HTMLElement} */ chosen, /** @type {boolean} */ focus) => {
    for (const tab of all) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      const place = panel(tab);
      if (place) place.hidden = !on;
    }
    if (focus) chosen.focus();
  };
  for (const tab of all) {
    const place = panel(tab);
    place?.setAttribute("role", "tabpanel");
    if (tab.id) place?.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      choose(tab, false);
      if (place) history.replaceState(history.state, "", `#${place.id}`);
    });
  }
  element.addEventListener("keydown", (event) => {
    const here = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (here < 0) return;
    const forward = getComputedStyle(element).direction === "rtl" ? -1 : 1;
    /** @type {Record<string, number>} */
    const next = { ArrowRight: here + forward, ArrowLeft: here - forward, Home: 0, End: all.length - 1 };
    const target = next[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const tab = all[(target + all.length) % all.length];
    if (tab) choose(tab, true);
  });
  const named = all.find((tab) => location.hash === `#${tab.getAttribute("aria-controls")}`);
  const first = named ?? all.find((tab) => tab.getAttribute("aria-selected") === "true") ?? all[0];
  if (first) choose(first, false);
}
