/**
 * Puts booking pages of this site into pages of another. Paste `<a class="tutalink" href="https://…/tutors/amal">Book</a>`
 * (or `<div class="tutalink" data-tutor="amal">`) and this script. The link becomes a frame that is as high as what is in it;
 * with data-as="dialog" it opens one. It stays a link wherever the frame is not let in. Choices: data-accent, data-theme,
 * data-radius, data-lang, data-subject, data-tutors, data-title.
 */
(() => {
  const script = document.currentScript;
  if (!(script instanceof HTMLScriptElement)) return;
  const home = new URL(script.src).origin;
  /** @type {{ frame: HTMLIFrameElement, heard: (height: number) => void }[]} */
  const frames = [];

  /** @param {HTMLElement} place @returns {URL | null} */
  const address = (place) => {
    const { tutor } = place.dataset;
    const url = new URL(place instanceof HTMLAnchorElement ? place.href : home + "/tutors" + (tutor ? "/" + encodeURIComponent(tutor) : ""));
    if (url.origin !== home || !/^\/tutors(\/[^/]+)?\/?$/.test(url.pathname)) return null;
    url.pathname = "/embed" + url.pathname.replace(/\/$/, "");
    for (const name of ["accent", "theme", "radius", "lang", "subject", "tutors"]) {
      const value = place.dataset[name];
      if (value) url.searchParams.set(name, value);
    }
    url.searchParams.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
    return url;
  };

  /**
   * @param {HTMLElement} place
   * @param {URL} url
   * @param {(frame: HTMLIFrameElement, height: number) => void} heard
   */
  const make = (place, url, heard) => {
    const frame = document.createElement("iframe");
    frame.src = url.href;
    frame.title = place.dataset.title || place.textContent?.trim() || "TutaLink";
    Object.assign(frame.style, { border: "0", width: "100%", display: "block" });
    frame.addEventListener("load", () => frame.contentWindow?.postMessage({ tutalink: "hello" }, home));
    frames.push({ frame, heard: (height) => heard(frame, height) });
    return frame;
  };

  addEventListener("message", ({ origin, source, data }) => {
    if (origin !== home || data?.tutalink !== "height" || !Number.isFinite(data.height)) return;
    const height = Math.min(Math.max(Math.ceil(data.height), 60), 9000);
    frames.find(({ frame }) => frame.contentWindow === source)?.heard(height);
  });

  /** @param {HTMLElement} place @param {URL} url */
  const inline = (place, url) => {
    const frame = make(place, url, (frame, height) => {
      frame.style.height = height + "px";
      frame.style.opacity = "";
      frame.inert = false;
      if (place instanceof HTMLAnchorElement) place.style.display = "none";
    });
    // Nothing is seen of it until it has spoken: where it is not let in, the link stands. (Hidden frames are put to sleep.)
    Object.assign(frame.style, { height: "1px", opacity: "0" });
    frame.inert = true;
    if (place instanceof HTMLAnchorElement) place.after(frame);
    else place.append(frame);
  };

  /** @param {HTMLElement} place @param {URL} url */
  const dialog = (place, url) => {
    const words = { es: "Cerrar", ar: "إغلاق", ur: "بند کریں" };
    /** @type {HTMLDialogElement | undefined} */
    let box;
    place.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      if (!box) {
        box = document.createElement("dialog");
        Object.assign(box.style, { width: "min(44rem, 94vw)", maxHeight: "92vh", padding: "0", border: "0", borderRadius: "12px", background: "#fff" });
        const close = document.createElement("button");
        close.type = "button";
        const lang = place.dataset.lang || document.documentElement.lang.slice(0, 2);
        close.textContent = words[/** @type {"es"} */ (lang)] || "Close";
        Object.assign(close.style, { display: "block", minHeight: "44px", padding: "0 16px", marginInlineStart: "auto", font: "inherit", color: "#222", background: "none", border: "0", cursor: "pointer" });
        close.addEventListener("click", () => box?.close());
        const frame = make(place, url, (frame, height) => void (frame.style.height = height + "px"));
        frame.style.height = "70vh";
        box.setAttribute("aria-label", frame.title);
        box.append(close, frame);
        document.body.append(box);
      }
      box.showModal();
    });
  };

  const start = () => {
    for (const place of document.querySelectorAll(".tutalink:not([data-ready])")) {
      const url = place instanceof HTMLElement && address(place);
      if (!url) continue;
      place.setAttribute("data-ready", "");
      (/** @type {HTMLElement} */ (place).dataset.as === "dialog" ? dialog : inline)(/** @type {HTMLElement} */ (place), url);
    }
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
