import { attach } from "./boot.js";
import { fetchPage } from "./page.js";

/** How long hands rest before the server is asked, in milliseconds. */
const rest = 300;

/**
 * The look of what is put into another site: what is chosen is shown at once. The server writes the pieces; without this
 * module its button asks for the same page.
 * @param {HTMLElement} form
 */
export default function embedding(form) {
  if (!(form instanceof HTMLFormElement)) return;
  let timer = 0;
  /** @type {AbortController | undefined} */
  let asking;
  const ask = async () => {
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    const address = new URL(form.action);
    for (const [name, value] of new FormData(form)) if (typeof value === "string" && value) address.searchParams.set(name, value);
    const page = await fetchPage(address.href, undefined, mine.signal);
    // What was asked before the last touch is not true any more.
    if (!page || asking !== mine) return;
    for (const id of ["embedding-snippets", "embedding-preview"]) {
      const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
      if (!old || !fresh) continue;
      old.replaceChildren(...fresh.childNodes);
      attach(old);
    }
    history.replaceState(null, "", address);
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(ask, rest);
  });
}
