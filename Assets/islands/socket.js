/** What the server means by a close code. Codes of one's own begin at 4000 (RFC 6455, 7.4.2). */
export const closings = /** @type {const} */ ({
  1000: "done",
  1001: "going-away",
  1008: "behind",
  1009: "too-large",
  1013: "busy",
  4401: "no-proof",
  4403: "no-right",
  4404: "no-such-room",
  4408: "idle",
  4409: "taken-over",
  4429: "too-fast",
});

/** @typedef {(typeof closings)[keyof typeof closings] | "lost"} Closing */
/** @typedef {"connecting" | "open" | "waiting" | "closed"} State */

/** Trying again would be refused again, or would fight another tab. */
const final = new Set(["done", "too-large", "no-proof", "no-right", "no-such-room", "taken-over"]);

/**
 * @param {number} code
 * @returns {Closing}
 */
export function closingOf(code) {
  return closings[/** @type {keyof typeof closings} */ (code)] ?? "lost";
}

/**
 * How long to wait before the nth try (from 0): doubling from half a second up to `most`, spread evenly over the
 * upper half, so that a thousand clients do not come back at once.
 * @param {number} attempt
 * @param {number} [chance] From 0 up to 1.
 * @param {number} [most] Milliseconds.
 * @returns {number}
 */
export function delayOf(attempt, chance = Math.random(), most = 20_000) {
  const whole = Math.min(most, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(whole / 2 + (whole / 2) * chance);
}

/**
 * @typedef {object} Options
 * @property {(message: any) => void} message Each message, already read as JSON.
 * @property {() => object | null | undefined} [resume] What to send first on every connection after the first that opened.
 * @property {() => object | null | undefined} [hello] What to send first on the first connection.
 * @property {(state: State, closing: Closing | null) => void} [state]
 * @property {number} [quiet] Milliseconds without a word after which the line is taken for dead when the network
 *   changes or the page comes back; 45,000 unless told.
 * @property {typeof WebSocket} [Socket] For tests.
 * @property {(attempt: number) => number} [delay] For tests.
 */

/**
 * A WebSocket of JSON messages that comes back by itself. Messages sent while it is away are kept in order and sent
 * after the resume message, unless `send` is told to drop them.
 * @param {string} path Address on this site, such as `/ws/notifications/…/`.
 * @param {Options} options
 */
export function openSocket(path, options) {
  const Socket = options.Socket ?? WebSocket;
  const delay = options.delay ?? ((/** @type {number} */ attempt) => delayOf(attempt));
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {string[]} */
  let kept = [];
  let attempt = 0;
  let opened = false;
  let ended = false;
  let heard = Date.now();

  const tell = (/** @type {State} */ state, /** @type {Closing | null} */ closing) => options.state?.(state, closing);

  const address = () => {
    if (/^wss?:/.test(path)) return path;
    return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
  };

  const connect = () => {
    clearTimeout(timer);
    tell("connecting", null);
    const mine = new Socket(address());
    socket = mine;
    mine.onopen = () => {
      if (socket !== mine) return;
      heard = Date.now();
      const first = opened ? (options.resume ?? options.hello)?.() : options.hello?.();
      opened = true;
      if (first) mine.send(JSON.stringify(first));
      for (const text of kept) mine.send(text);
      kept = [];
      tell("open", null);
    };
    mine.onmessage = (event) => {
      if (socket !== mine) return;
      heard = Date.now();
      // A line that carries words is a good one; opening alone proves little when a proxy accepts and drops.
      attempt = 0;
      let message;
      try {
        message = JSON.parse(event.data);
      } catch {
        return;
      }
      options.message(message);
    };
    mine.onclose = (event) => {
      if (socket !== mine) return;
      socket = null;
      const closing = closingOf(event.code);
      if (ended || final.has(closing)) {
        ended = true;
        unlisten();
        tell("closed", closing);
        return;
      }
      tell("waiting", closing);
      timer = setTimeout(connect, delay(attempt++));
    };
  };

  /** The network came back, or the page did: a waiting line tries now, a silent one is replaced. */
  const wake = () => {
    if (ended || (typeof document !== "undefined" && document.visibilityState === "hidden")) return;
    if (socket === null) {
      connect();
    } else if (socket.readyState === 1 && Date.now() - heard > (options.quiet ?? 45_000)) {
      const old = socket;
      socket = null;
      old.close();
      connect();
    }
  };
  const listeners = typeof addEventListener === "function" && typeof document !== "undefined";
  if (listeners) {
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
  }
  const unlisten = () => {
    if (!listeners) return;
    removeEventListener("online", wake);
    document.removeEventListener("visibilitychange", wake);
  };

  connect();

  return {
    /**
     * @param {object} message
     * @param {{ keep?: boolean }} [how] `keep: false` drops it while the line is away (for what is stale at once).
     * @returns {boolean} Whether it went out now.
     */
    send(message, how) {
      if (socket?.readyState === 1) {
        socket.send(JSON.stringify(message));
        return true;
      }
      if (how?.keep !== false && !ended) kept.push(JSON.stringify(message));
      return false;
    },
    /** Tries at once instead of waiting. */
    retry: wake,
    /** Ends it for good. */
    close() {
      ended = true;
      clearTimeout(timer);
      unlisten();
      if (socket) socket.close(1000);
      else tell("closed", "done");
    },
    get open() {
      return socket?.readyState === 1;
    },
  };
}
