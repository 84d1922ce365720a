/**
 * A calendar by keyboard and by hand: up and down walk through a day's lessons, left and right to the day beside, over the
 * edge to the week before or after; T goes to today. A swipe turns the page. All of it are links without this module too.
 * The keys work only while the focus is inside, so that nobody's speech or typing sets them off.
 */

/**
 * Where an arrow leads among the columns of a week. Each column is its day's heading, then its lessons by their minute.
 * @param {number[][]} columns The minutes of each day's lessons, in order; headings are row 0.
 * @param {{ column: number, row: number }} from
 * @param {"up" | "down" | "back" | "forth"} way
 * @returns {{ column: number, row: number }} A column of -1 or beyond the last is the page before or after.
 */
export function step(columns, from, way) {
  const rows = (columns[from.column] ?? []).length;
  if (way === "up") return { column: from.column, row: Math.max(0, from.row - 1) };
  if (way === "down") return { column: from.column, row: Math.min(rows, from.row + 1) };
  const column = from.column + (way === "forth" ? 1 : -1);
  const beside = columns[column];
  if (!beside || from.row === 0) return { column, row: 0 };
  // From a lesson to the one nearest in time, or to the day itself where there is none.
  const minute = columns[from.column]?.[from.row - 1] ?? 0;
  let best = 0;
  beside.forEach((other, at) => {
    if (best === 0 || Math.abs(other - minute) < Math.abs((beside[best - 1] ?? 0) - minute)) best = at + 1;
  });
  return { column, row: best };
}

/**
 * What a finger meant that went so far.
 * @param {number} dx
 * @param {number} dy
 * @param {boolean} rtl
 * @returns {"prev" | "next" | undefined}
 */
export function swipe(dx, dy, rtl) {
  if (Math.abs(dx) < 60 || Math.abs(dy) > Math.abs(dx) / 2) return undefined;
  return dx < 0 !== rtl ? "next" : "prev";
}

/** @param {HTMLElement} element */
export default function calendar(element) {
  const rtl = getComputedStyle(element).direction === "rtl";
  const days = [...element.querySelectorAll(".cal-day")].filter((day) => getComputedStyle(day).display !== "none");
  const links = days.map((day) => /** @type {HTMLAnchorElement[]} */ ([...day.querySelectorAll("h3 a, .cal-event > a")]));
  const minutes = links.map(([, ...events]) => events.map((link) => {
    const classes = link.parentElement?.className ?? "";
    return Number(/\bat-(\d+)/.exec(classes)?.[1] ?? 0) * 15;
  }));
  const hint = element.querySelector(".cal-keys");
  if (hint instanceof HTMLElement && matchMedia("(hover: hover)").matches) hint.hidden = false;

  /** @param {string} selector */
  const follow = (selector) => {
    const link = element.querySelector(selector);
    if (link instanceof HTMLAnchorElement) location.assign(link.href);
  };

  element.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "t" || event.key === "T") {
      event.preventDefault();
      follow("[data-today]");
      return;
    }
    /** @type {Record<string, "up" | "down" | "back" | "forth">} */
    const ways = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: rtl ? "forth" : "back", ArrowRight: rtl ? "back" : "forth" };
    const way = ways[event.key];
    const focused = document.activeElement;
    const column = links.findIndex((all) => all.some((link) => link === focused));
    if (!way || column < 0) return;
    event.preventDefault();
    const row = links[column]?.findIndex((link) => link === focused) ?? 0;
    const to = step(minutes, { column, row }, way);
    if (to.column < 0) follow('[rel="prev"]');
    else if (to.column >= links.length) follow('[rel="next"]');
    else links[to.column]?.[to.row]?.focus();
  });

  /** @type {{ x: number, y: number } | undefined} */
  let from;
  element.addEventListener("touchstart", (event) => {
    const touch = event.touches[0];
    from = event.touches.length === 1 && touch ? { x: touch.clientX, y: touch.clientY } : undefined;
  }, { passive: true });
  element.addEventListener("touchend", (event) => {
    const touch = event.changedTouches[0];
    const way = from && touch ? swipe(touch.clientX - from.x, touch.clientY - from.y, rtl) : undefined;
    from = undefined;
    if (way) follow(`[rel="${way}"]`);
  }, { passive: true });
}
