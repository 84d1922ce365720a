/**
 * How this browser stands to notes on the device, from what it says of itself. Pure, so that every kind of browser can be
 * tried.
 * @param {{ worker: boolean, push: boolean, notes: boolean, apple: boolean, installed: boolean, permission: string, told: boolean }} facts
 * @returns {"unsupported" | "install" | "denied" | "on" | "off"}
 */
export function standing(facts) {
  // An iPhone has neither until the site stands on the Home Screen.
  if (facts.apple && !facts.installed && !facts.push) return "install";
  if (!facts.worker || !facts.push || !facts.notes) return "unsupported";
  if (facts.permission === "denied") return "denied";
  return facts.told && facts.permission === "granted" ? "on" : "off";
}

/**
 * The server's key as `subscribe` takes it.
 * @param {string} text base64url
 */
export function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/**
 * base64url without padding.
 * @param {ArrayBuffer | null | undefined} buffer
 */
export function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer ?? new ArrayBuffer(0)));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/**
 * What the server calls an endpoint without telling it.
 * @param {string} endpoint
 */
async function mark(endpoint) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Turns notes on for this device, when its owner presses the button and at no other moment, and says plainly why it
 * cannot be.
 * @param {HTMLElement} card
 */
export default async function push(card) {
  const form = /** @type {HTMLFormElement} */ (card.querySelector("[data-push-on]"));
  const key = card.dataset.key ?? "";
  const plain = /** @type {HTMLElement | null} */ (card.querySelector("[data-plain]"));
  if (plain) plain.hidden = true;

  /** @param {string} state */
  const say = (state) => {
    for (const one of card.querySelectorAll("[data-say]"))
      /** @type {HTMLElement} */ (one).hidden = /** @type {HTMLElement} */ (one).dataset.say !== state;
  };
  /** @type {PushSubscription | null} */
  let subscription = null;
  /** @type {HTMLElement | null} */
  let row = null;

  const look = async () => {
    const agent = navigator.userAgent;
    const facts = {
      worker: "serviceWorker" in navigator,
      push: "PushManager" in window,
      notes: "Notification" in window,
      // An iPad calls itself a Mac, and has fingers.
      apple: /iPhone|iPad|iPod/.test(agent) || (agent.includes("Macintosh") && navigator.maxTouchPoints > 1),
      installed: matchMedia("(display-mode: standalone)").matches,
      permission: "Notification" in window ? Notification.permission : "default",
      told: false,
    };
    if (facts.worker && facts.push) {
      const registration = await navigator.serviceWorker.getRegistration();
      subscription = (await registration?.pushManager?.getSubscription()) ?? null;
      row = subscription ? card.querySelector(`[data-device="${await mark(subscription.endpoint)}"]`) : null;
      facts.told = row !== null;
    }
    const state = standing(facts);
    for (const badge of card.querySelectorAll("[data-here]"))
      /** @type {HTMLElement} */ (badge).hidden = !row?.contains(badge);
    form.hidden = state !== "off";
    say(state);
    return state;
  };

  form.addEventListener("submit", (event) => {
    const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
    if (field("endpoint").value) return;
    event.preventDefault();
    void turnOn(field).catch(() => say("failed"));
  });

  /** @param {(name: string) => HTMLInputElement} field */
  async function turnOn(field) {
    const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
    button.disabled = true;
    try {
      const permission = await Notification.requestPermission();
      if (permission !== "granted") {
        if ((await look()) !== "denied") say("dismissed");
        return;
      }
      const registration = await navigator.serviceWorker.ready;
      subscription = await registration.pushManager.getSubscription();
      // One that was made for another key of ours would be refused by its vendor.
      if (subscription && text(subscription.options.applicationServerKey) !== key) {
        await subscription.unsubscribe();
        subscription = null;
      }
      subscription ??= await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
      field("endpoint").value = subscription.endpoint;
      field("p256dh").value = text(subscription.getKey("p256dh"));
      field("auth").value = text(subscription.getKey("auth"));
      field("key").value = key;
      form.submit();
    } finally {
      button.disabled = false;
    }
  }

  // Turned off here, the browser itself forgets it too; then the form goes its way.
  card.addEventListener("submit", (event) => {
    const target = /** @type {HTMLFormElement} */ (event.target);
    if (!target.matches("[data-push-off]") || !subscription || !row?.contains(target)) return;
    event.preventDefault();
    subscription.unsubscribe().catch(() => false).then(() => target.submit());
  });

  await look();
}
