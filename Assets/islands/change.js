import { fetchPage } from "./page.js";

/**
 * Says below a form what saving it would do, while it is filled in: the form goes to its preview button's address, and what
 * comes back takes the place of what stood there. Without this module the button asks for the same.
 */

/** How long hands rest before the server is asked, in milliseconds. */
const rest = 450;

/** @param {HTMLElement} element */
export default function change(element) {
  const button = element.querySelector("button[data-preview]");
  const place = element.querySelector("[data-change]");
  if (!(element instanceof HTMLFormElement) || !(button instanceof HTMLButtonElement) || !place) return;
  let timer = 0;
  /** @type {AbortController | undefined} */
  let asking;

  const ask = async () => {
    clearTimeout(timer);
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    const page = await fetchPage(button.formAction, new FormData(element), mine.signal);
    const fresh = page?.getElementById(place.id);
    // What was asked before the last touch is not true any more.
    if (fresh && asking === mine) place.replaceChildren(...fresh.childNodes);
  };
  const soon = () => {
    clearTimeout(timer);
    timer = window.setTimeout(ask, rest);
  };

  // Bare Enter in a field saves, as it always did; only this button asks.
  button.addEventListener("click", (event) => {
    event.preventDefault();
    ask();
  });
  element.addEventListener("input", soon);
  // Rows that other buttons add, remove or copy; what is put into the preview itself is no change of the form.
  element.addEventListener("click", (event) => {
    const pressed = event.target instanceof Element ? event.target.closest("button[name='do']") : null;
    if (pressed instanceof HTMLButtonElement && pressed.value !== "save") soon();
  });
}
