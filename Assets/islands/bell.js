import { openSocket } from "./socket.js";
import { toast } from "./toast.js";

/**
 * What a message of the channel makes of the number of unread notifications. Pure, so that it can be told apart from the
 * line it comes over.
 * @param {number} unread
 * @param {{ type?: string }} message
 * @returns {number | null} The new number; null when only the server knows.
 */
export function unreadAfter(unread, message) {
  switch (message.type) {
    case "new_notification":
      return unread + 1;
    case "read_notification":
      return Math.max(0, unread - 1);
    case "clear_notifications":
      return null;
    default:
      return unread;
  }
}

/**
 * The figure as it is shown: room is short.
 * @param {number} unread
 * @returns {string}
 */
export function figure(unread) {
  return unread > 99 ? "99+" : String(unread);
}

/** The bell of the header: how many notifications are unread, and a word when one comes. @param {HTMLElement} bell */
export default function bell(bell) {
  const user = document.body.dataset.user;
  if (!user) return;
  const badge = bell.querySelector("[data-unread]");
  const label = bell.getAttribute("aria-label") ?? "";
  let unread = 0;
  let last = 0;
  // A line that came back says first where things stand; until it has told what was missed, that is not our place.
  let isCatchingUp = false;
  let isAsked = false;

  const show = () => {
    if (badge instanceof HTMLElement) {
      badge.textContent = figure(unread);
      badge.hidden = unread === 0;
    }
    bell.setAttribute("aria-label", unread === 0 ? label : `${label} (${unread})`);
  };

  const ask = async () => {
    isAsked = true;
    const answer = await fetch("/api/notifications/?unread=1&page_size=1", { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    unread = (await answer.json()).unread ?? 0;
    show();
  };

  openSocket(`/ws/notifications/${user}/`, {
    resume() {
      isCatchingUp = true;
      return { type: "resume", data: { after: last } };
    },
    // The line says first where things stand, and then we ask. Where no line can be had we ask all the same.
    state(state) {
      if (state === "waiting" && !isAsked) ask().catch(() => {});
    },
    message(message) {
      if (message.type === "resume") {
        if (!isCatchingUp) last = Math.max(last, message.data?.from ?? 0);
        isCatchingUp = false;
        return void ask().catch(() => {});
      }
      if (message.type === "new_notification") {
        // A line that came back may tell again what it told before.
        if (message.id <= last) return;
        last = message.id;
        toast(message.data.content, { tone: "info" });
      }
      const now = unreadAfter(unread, message);
      if (now === null) return void ask().catch(() => {});
      unread = now;
      show();
    },
  });
}
