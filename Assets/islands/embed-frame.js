/**
 * A page of this site in a frame of another: tells the page around it how high it is, and shows times in the reader's zone.
 * Nothing is kept here, no cookie and no storage.
 */

/**
 * Whom to answer: the page that holds this frame, if it is one that may, and has asked.
 * @param {{ source: unknown, origin: string, data: any }} event
 * @param {unknown} around
 * @param {string} own This site.
 * @param {string} allowed Origins with blanks between; `*` is every one.
 * @returns {string | null} The origin to answer to, never more than that one.
 */
export function asker(event, around, own, allowed) {
  if (event.source !== around || event.data?.tutalink !== "hello") return null;
  if (!/^https?:\/\/[^/]+$/.test(event.origin)) return null;
  const list = allowed.split(" ");
  return event.origin === own || list.includes("*") || list.includes(event.origin) ? event.origin : null;
}

/**
 * The same page in the reader's zone, when the address names none and the page was made in another.
 * @param {string} address
 * @param {string | undefined} made
 * @param {string | undefined} reader
 * @returns {string | null}
 */
export function inZone(address, made, reader) {
  const url = new URL(address);
  if (!reader || reader === made || url.searchParams.has("zone")) return null;
  url.searchParams.set("zone", reader);
  return url.href;
}

if (typeof document !== "undefined") {
  const page = document.documentElement;
  const better = inZone(location.href, page.dataset.zone, Intl.DateTimeFormat().resolvedOptions().timeZone);
  if (better) location.replace(better);
  else if (window.parent !== window) {
    /** @type {string | null} */
    let answered = null;
    const tell = () => {
      const height = Math.ceil(document.body.getBoundingClientRect().height);
      if (answered) window.parent.postMessage({ tutalink: "height", height }, answered);
    };
    addEventListener("message", (event) => {
      const origin = asker(event, window.parent, location.origin, page.dataset.hears ?? "");
      if (!origin) return;
      answered = origin;
      tell();
    });
    new ResizeObserver(tell).observe(document.body);
  }
}
