import { attach } from "./boot.js";
import { openSocket } from "./socket.js";
import { word } from "./words.js";

/**
 * Keeps an open dashboard true. A message only says that something changed; the page is asked for again and its
 * fresh part put in place, unless somebody is typing or choosing in it just then.
 * @param {HTMLElement} element
 */
export default function dashboard(element) {
  const user = element.dataset.user;
  if (!user) return;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asked = 0;

  const refresh = async () => {
    const mine = ++asked;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector('[data-island="dashboard"]');
    if (!fresh || isBusy()) return;
    const focused = element.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    element.replaceChildren(...fresh.childNodes);
    attach(element);
    if (focused) /** @type {HTMLElement | null} */ (element.querySelector(`[href="${CSS.escape(focused)}"]`))?.focus();
    const live = element.querySelector("[data-live]");
    if (live) live.textContent = word("updated", "Your lessons have changed; the page shows how they stand now.");
  };
  const isBusy = () =>
    element.querySelector('[aria-busy="true"]') !== null || document.activeElement?.matches("input, textarea, select") === true;
  const soon = () => {
    clearTimeout(timer);
    // One change sends several messages.
    timer = setTimeout(() => void refresh().catch(() => {}), 250);
  };

  openSocket(`/ws/dashboard/${user}/`, {
    message: soon,
    // Whatever happened while the line was away is found by looking again.
    resume() {
      soon();
      return null;
    },
  });
}
