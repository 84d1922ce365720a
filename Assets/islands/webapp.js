import { forget, forgetOthers } from "./drafts.js";

/**
 * Makes the site installable and robust: registers the service worker, tells it in which language to speak when the
 * network does not, and clears the drafts of whoever signs out.
 * @param {HTMLElement} element
 */
export default function webapp(element) {
  forgetOthers();
  document.addEventListener("submit", (event) => {
    if (!(event.target instanceof HTMLFormElement) || new URL(event.target.action, location.href).pathname !== "/sign-out")
      return;
    forget();
    silence(event, event.target);
  });
  if (!("serviceWorker" in navigator)) return;
  const start = () => register().catch(() => {});
  if (document.readyState === "complete") start();
  else addEventListener("load", start, { once: true });
  void element;
}

/**
 * Who signs out is told nothing more on this device: the server sees to that; the browser is told too, so that no address
 * is left over for whoever sits down next. It may take a second, and never keeps anybody from leaving.
 * @param {Event} event
 * @param {HTMLFormElement} form
 */
function silence(event, form) {
  if (!("Notification" in window) || Notification.permission !== "granted" || !("serviceWorker" in navigator)) return;
  event.preventDefault();
  const gone = navigator.serviceWorker
    .getRegistration()
    .then((registration) => registration?.pushManager?.getSubscription())
    .then((subscription) => subscription?.unsubscribe());
  const enough = new Promise((resolve) => setTimeout(resolve, 1000));
  Promise.race([gone, enough]).catch(() => {}).then(() => form.submit());
}

async function register() {
  // The page's policy lets an address become a script only through the one policy the site may make.
  const { trustedTypes } = /** @type {any} */ (globalThis);
  const address = "/service-worker.js";
  const policy = trustedTypes?.createPolicy("tutalink", {
    createScriptURL: (/** @type {string} */ url) => {
      if (url !== address) throw new TypeError(`${url} is no script of this site`);
      return url;
    },
  });
  await navigator.serviceWorker.register(policy ? policy.createScriptURL(address) : address, { updateViaCache: "none" });
  const ready = await navigator.serviceWorker.ready;
  ready.active?.postMessage({ language: document.documentElement.lang });
  await tellSheet();
}

/**
 * A page brings its style sheet to a browser that may not have it. When the worker keeps that sheet, the site is told, and
 * later pages only link to it. Where no worker may be, every page goes on bringing it.
 */
async function tellSheet() {
  const address = document.querySelector("style")?.dataset.sheet;
  if (!address || !(await caches.match(address))) return;
  const secure = location.protocol === "https:";
  document.cookie = `${secure ? "__Host-" : ""}sheet=${address}; path=/; max-age=31536000; samesite=lax${secure ? "; secure" : ""}`;
}
