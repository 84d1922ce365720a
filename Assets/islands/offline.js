import { all, nothingArrived } from "./drafts.js";
import { word } from "./words.js";

/**
 * The page that stands where the network does not: names what was written and waits, and goes on by itself as soon as
 * the network is back, unless a form was on its way: that is sent by a hand.
 * @param {HTMLElement} element
 */
export default function offline(element) {
  const isForm = element.dataset.method === "post";
  nothingArrived();
  const again = /** @type {HTMLAnchorElement} */ (element.querySelector("[data-again]"));
  const state = /** @type {HTMLElement} */ (element.querySelector("[data-state]"));
  const back = /** @type {HTMLButtonElement} */ (element.querySelector("[data-back]"));
  for (const part of element.querySelectorAll(".offline-page, .offline-form"))
    /** @type {HTMLElement} */ (part).hidden = part.classList.contains("offline-form") !== isForm;
  state.textContent = word("offline-waiting", "Waiting for the connection …");
  if (isForm) {
    back.hidden = history.length < 2;
    back.addEventListener("click", () => history.back());
    again.hidden = !back.hidden;
  }
  again.addEventListener("click", (event) => {
    if (location.pathname.startsWith("/offline/")) return;
    event.preventDefault();
    location.reload();
  });
  addEventListener("online", () => {
    state.textContent = word("offline-back", "The connection is back.");
    if (!isForm && !location.pathname.startsWith("/offline/")) location.reload();
  });

  const list = /** @type {HTMLElement} */ (element.querySelector(".offline-drafts"));
  const drafts = all();
  list.hidden = drafts.length === 0;
  for (const draft of drafts) {
    const row = document.createElement("li");
    row.className = "list-row";
    const link = document.createElement("a");
    link.href = draft.path.startsWith("/") && !draft.path.startsWith("//") ? draft.path : "/";
    link.textContent = draft.title;
    const note = document.createElement("p");
    note.className = "muted small";
    note.textContent = word("draft-waiting", "Your unsent words are kept here.");
    const main = document.createElement("div");
    main.className = "list-main";
    main.append(link, note);
    row.append(main);
    list.append(row);
  }
}
