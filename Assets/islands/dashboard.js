import { fetchPage } from "./page.js";
import { openSocket } from "./socket.js";
import { word } from "./words.js";

/**
 * Keeps a dashboard true: when a booking of this person changes, the page's main part is fetched again and put in place,
 * with the focus where it was.
 * @param {HTMLElement} element
 */
export default function dashboard(element) {
  const user = element.dataset.user;
  if (!user) return;
  let timer = 0;
  openSocket(`/ws/dashboard/${user}/`, {
    message: (/** @type {{ type?: string }} */ message) => {
      if (!message.type || !message.type.endsWith("_update")) return;
      // Several changes of one commit are one look.
      clearTimeout(timer);
      timer = window.setTimeout(() => refresh(element), 150);
    },
  });
}

/** @param {HTMLElement} element */
async function refresh(element) {
  const page = await fetchPage(location.href);
  const fresh = page?.querySelector('[data-island~="dashboard"]');
  if (!fresh) return;
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.getAttribute("href") : null;
  element.replaceChildren(...fresh.childNodes);
  if (focused) element.querySelector(`[href="${CSS.escape(focused)}"]`)?.closest("a")?.focus();
  const live = element.querySelector("[data-live]");
  if (live) live.textContent = word("dashboard-changed", "Your dashboard has changed.");
  const { attach } = await import("./boot.js");
  attach(element);
}
