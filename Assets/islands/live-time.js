/**
 * The clock face for a span: `59:04`, or `2:05:09` from an hour on. Never negative.
 * @param {number} milliseconds
 * @returns {string}
 */
export function clockText(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${two(minutes)}:${two(seconds % 60)}`;
}

const steps = /** @type {const} */ ([
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 7],
  ["week", 4.35],
  ["month", 12],
  ["year", Infinity],
]);

/**
 * "2 hours ago", "in 5 minutes", in the language given.
 * @param {number} then Milliseconds since 1970.
 * @param {number} now
 * @param {string} [language]
 * @returns {string}
 */
export function agoText(then, now, language = "en") {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  let value = (then - now) / 1000;
  if (Math.abs(value) < 45) return format.format(0, "second");
  for (const [unit, size] of steps) {
    if (Math.abs(Math.round(value)) < size) return format.format(Math.round(value), unit);
    value /= size;
  }
  return format.format(Math.round(value), "year");
}

/** Everything that shows time shares one tick, on the second. @type {Set<(now: number) => void>} */
const watchers = new Set();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let ticking;

function tick() {
  const now = Date.now();
  for (const watcher of watchers) watcher(now);
  ticking = watchers.size > 0 ? setTimeout(tick, 1000 - (now % 1000)) : undefined;
}

/**
 * Calls `watcher` now and each second until the function it returns is called.
 * @param {(now: number) => void} watcher
 * @returns {() => void}
 */
export function everySecond(watcher) {
  watchers.add(watcher);
  watcher(Date.now());
  if (ticking === undefined) ticking = setTimeout(tick, 1000 - (Date.now() % 1000));
  return () => {
    watchers.delete(watcher);
  };
}

/** @param {HTMLElement} element */
function keepFresh(element) {
  const then = Date.parse(element.getAttribute("datetime") ?? "");
  if (Number.isNaN(then)) return;
  const language = document.documentElement.lang || "en";
  let shown = 0;
  /** The watcher is called before `everySecond` returns. @type {(() => void) | undefined} */
  let stop;
  stop = everySecond((now) => {
    if (!element.isConnected) return stop?.();
    if (now - shown < 15_000) return;
    shown = now;
    const text = agoText(then, now, language);
    if (element.textContent !== text) element.textContent = text;
  });
}

/** @param {HTMLElement} element */
function countDown(element) {
  const until = Date.parse(element.dataset.until ?? "");
  if (Number.isNaN(until)) return;
  const from = Date.parse(element.dataset.from ?? "");
  const clock = element.querySelector(".countdown-clock") ?? element;
  const bar = element.querySelector("progress");
  let over = false;
  /** The watcher is called before `everySecond` returns. @type {(() => void) | undefined} */
  let stop;
  stop = everySecond((now) => {
    if (!element.isConnected) return stop?.();
    if (over) return;
    const left = until - now;
    clock.textContent = clockText(left);
    element.classList.toggle("soon", left < 120_000);
    if (bar && !Number.isNaN(from)) {
      bar.max = until - from;
      bar.value = Math.max(0, left);
    }
    if (left > 0) return;
    over = true;
    stop?.();
    if (element.dataset.done) {
      // Said once, politely: a clock that reads itself aloud each second would be unbearable.
      element.setAttribute("role", "status");
      element.textContent = element.dataset.done;
    }
    element.dispatchEvent(new CustomEvent("countdown:done", { bubbles: true }));
    if (element.dataset.reload !== undefined) location.reload();
  });
  if (over) stop();
}

/**
 * `ago` keeps a `<time>` fresh; `countdown` counts down to `data-until`.
 * @param {HTMLElement} element
 * @param {string} name
 */
export default function liveTime(element, name) {
  if (name === "countdown") countDown(element);
  else keepFresh(element);
}
