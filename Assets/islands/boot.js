import { tellZone } from "./zone.js";

/**
 * Starts the islands found on the page. One line each; specifiers stay plain literals, so that hashed names can be
 * written into them. A module is fetched only when its island is present.
 * @type {Record<string, () => Promise<{ default: (element: HTMLElement, name: string) => void }>>}
 */
const islands = {
  ago: () => import("./live-time.js"),
  availability: () => import("./availability.js"),
  booking: () => import("./booking.js"),
  bell: () => import("./bell.js"),
  calendar: () => import("./calendar.js"),
  change: () => import("./change.js"),
  check: () => import("./room/check.js"),
  combobox: () => import("./combobox.js"),
  confirm: () => import("./confirm.js"),
  copy: () => import("./copy.js"),
  countdown: () => import("./live-time.js"),
  dashboard: () => import("./dashboard.js"),
  drawer: () => import("./drawer.js"),
  embedding: () => import("./embedding.js"),
  "file-drop": () => import("./file-drop.js"),
  form: () => import("./form.js"),
  menu: () => import("./menu.js"),
  near: () => import("./near.js"),
  offline: () => import("./offline.js"),
  password: () => import("./password.js"),
  place: () => import("./place.js"),
  push: () => import("./push.js"),
  room: () => import("./room/room.js"),
  sample: () => import("./sample.js"),
  tabs: () => import("./tabs.js"),
  theme: () => import("./theme.js"),
  timezone: () => import("./timezone.js"),
  toast: () => import("./toast.js"),
  webapp: () => import("./webapp.js"),
  work: () => import("./work.js"),
};

/** @type {WeakMap<Element, Set<string>>} */
const started = new WeakMap();

/**
 * Starts every island at or under `root` that has not been started. Islands that add markup call it again.
 * @param {ParentNode} root
 */
export function attach(root = document) {
  const found = [...root.querySelectorAll("[data-island]")];
  if (root instanceof HTMLElement && root.dataset.island) found.unshift(root);
  for (const element of found) {
    if (!(element instanceof HTMLElement)) continue;
    const names = started.get(element) ?? new Set();
    started.set(element, names);
    for (const name of (element.dataset.island ?? "").split(/\s+/)) {
      const load = islands[name];
      if (!load || names.has(name)) continue;
      names.add(name);
      load().then(
        (module) => module.default(element, name),
        // An island that cannot be fetched leaves the page as it works without it.
        () => names.delete(name),
      );
    }
  }
}

function start() {
  attach();
  // Not in one task with the islands: the first word about zones costs a phone 50 ms.
  setTimeout(tellZone);
}

// This module comes beside the page, not after it (`async`): the end of parsing, when a phone lays out what has not been
// painted yet, is then a task of its own.
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
else start();
