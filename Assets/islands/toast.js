import { icon, word } from "./words.js";

const signs = { info: "info", success: "check", warning: "alert", danger: "alert" };

/**
 * Says something in passing, with an optional way back. It stays while it is pointed at or focused.
 * @param {string} text
 * @param {{ tone?: keyof typeof signs, undo?: () => void, undoLabel?: string, seconds?: number }} [options]
 * @returns {() => void} Takes it away.
 */
export function toast(text, options = {}) {
  const { tone = "success", undo, undoLabel, seconds = undo ? 10 : 6 } = options;
  const element = document.createElement("div");
  element.className = `toast ${tone}`;
  const words = document.createElement("p");
  words.textContent = text;
  element.append(icon(signs[tone]), words);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = undoLabel ?? word("undo", "Undo");
    button.addEventListener("click", () => {
      element.remove();
      undo();
    });
    element.append(button);
  }
  host().append(element);
  return fade(element, seconds);
}

function host() {
  let host = document.getElementById("toasts");
  if (!host) {
    host = document.createElement("div");
    host.id = "toasts";
    host.className = "toasts";
    host.setAttribute("role", "status");
    host.setAttribute("aria-live", "polite");
    document.body.append(host);
  }
  return host;
}

/**
 * @param {HTMLElement} element
 * @param {number} seconds
 */
function fade(element, seconds) {
  const close = document.createElement("button");
  close.type = "button";
  close.setAttribute("aria-label", word("dismiss", "Dismiss"));
  close.append(icon("x"));
  close.addEventListener("click", () => element.remove());
  element.append(close);

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => element.remove(), seconds * 1000);
  };
  const stay = () => clearTimeout(timer);
  element.addEventListener("pointerenter", stay);
  element.addEventListener("focusin", stay);
  element.addEventListener("pointerleave", wait);
  element.addEventListener("focusout", wait);
  wait();
  return () => {
    clearTimeout(timer);
    element.remove();
  };
}

/**
 * A toast the server printed after a redirect fades like the others.
 * @param {HTMLElement} element
 */
export default function fromServer(element) {
  element.querySelector("button")?.remove();
  fade(element, 8);
}
