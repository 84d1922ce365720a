import { forget, forgetOthers } from "./drafts.js";

/**
 * Makes the site installable and robust: registers the service worker, tells it in which language to speak when the
 * network does not, and clears the drafts of whoever signs out.
 * @param {HTMLElement} element
 */
export default function webapp(element) {
  forgetOthers();
  document.addEventListener("submit", (event) => {
    if (event.target instanceof HTMLFormElement && new URL(event.target.action, location.href).pathname === "/sign-out")
      forget();
  });
  if (!("serviceWorker" in navigator)) return;
  const start = () => register().catch(() => {});
  if (document.readyState === "complete") start();
  else addEventListener("load", start, { once: true });
  void element;
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
}
