// The room's written word. The server numbers and keeps every message; a copy may come sooner over the data channel.
// `Log` joins the two: each message once, in the server's order, early ones last until they have their number.

export class Log {
  constructor() {
    this.last = 0;
    this.numbered = [];
    this.early = new Map();
    this.held = new Map();
  }

  /** A copy without a number. @returns whether it is news. */
  hearEarly({ client_id, seat, text }) {
    const key = `${seat}/${client_id}`;
    if (!client_id || this.early.has(key) || this.numbered.some((m) => `${m.seat}/${m.client_id}` === key)) return false;
    this.early.set(key, { client_id, seat, text, number: null });
    return true;
  }

  /**
   * A numbered message. One that skips a number is held back until the gap is filled.
   * @returns {{fresh: object[], gap: boolean}} what is new, in order, and whether something is missing before it.
   */
  hear(message) {
    if (message.number <= this.last) return { fresh: [], gap: false };
    this.held.set(message.number, message);
    const fresh = [];
    while (this.held.has(this.last + 1)) {
      const next = this.held.get(++this.last);
      this.held.delete(this.last);
      this.early.delete(`${next.seat}/${next.client_id}`);
      this.numbered.push(next);
      fresh.push(next);
    }
    return { fresh, gap: this.held.size > 0 };
  }

  /** What the page shows: numbered ones, then early ones. */
  get all() {
    return [...this.numbered, ...this.early.values()];
  }
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/gi;

/** Cuts a text into lines of words and links; nothing else is formatted, nothing is ever markup. */
export function format(text) {
  return text.split(/\r\n|\r|\n/).map((line) => {
    const parts = [];
    let at = 0;
    for (const found of line.matchAll(ADDRESS)) {
      const address = found[0].replace(/[.,;:!?)\]}'"]+$/, "");
      let link = null;
      try {
        link = new URL(address).href;
      } catch {
        // Looked like an address and is none.
      }
      if (!link) continue;
      if (found.index > at) parts.push({ text: line.slice(at, found.index) });
      parts.push({ text: address, href: link });
      at = found.index + address.length;
    }
    if (at < line.length) parts.push({ text: line.slice(at) });
    return parts;
  });
}

/** The same as nodes. */
export function nodes(text) {
  const out = document.createDocumentFragment();
  format(text).forEach((line, n) => {
    if (n > 0) out.append(document.createElement("br"));
    for (const part of line) {
      if (!part.href) {
        out.append(part.text);
        continue;
      }
      const link = document.createElement("a");
      link.href = part.href;
      link.rel = "noopener noreferrer nofollow";
      link.target = "_blank";
      link.textContent = part.text;
      out.append(link);
    }
  });
  return out;
}

/** The panel: list, form, count of what was not read. */
export class Panel {
  constructor(root, { me, nameOf, send, words, unread, zone }) {
    this.log = new Log();
    this.rows = new Map();
    this.me = me;
    this.nameOf = nameOf;
    this.words = words;
    this.unread = unread;
    this.missed = 0;
    this.zone = zone;
    this.list = root.querySelector("[data-chat-log]");
    this.empty = root.querySelector("[data-chat-empty]");
    this.input = root.querySelector("[data-chat-text]");
    this.form = root.querySelector("form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.input.value.trim();
      if (!text) return;
      const message = { client_id: crypto.randomUUID?.() ?? String(Math.random()).slice(2), text };
      this.input.value = "";
      this.hearEarly({ ...message, seat: this.me() });
      send(message);
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.form.requestSubmit();
      }
    });
  }

  hearEarly(message) {
    if (this.log.hearEarly(message)) this.show(message, true);
  }

  hear(message) {
    const { fresh, gap } = this.log.hear(message);
    for (const one of fresh) this.show(one, false);
    return { fresh, gap };
  }

  /** What we sent and the server has not numbered yet: to be sent again after a break; it keeps each once. */
  get unconfirmed() {
    return [...this.log.early.values()].filter((m) => m.seat === this.me());
  }

  show(message, early) {
    const key = `${message.seat}/${message.client_id}`;
    let row = this.rows.get(key);
    const known = Boolean(row);
    if (!row) {
      row = document.createElement("div");
      const mine = message.seat === this.me();
      row.className = mine ? "message mine" : "message";
      const box = document.createElement("div");
      const by = document.createElement("p");
      by.className = "message-who";
      const name = document.createElement("strong");
      name.textContent = mine ? this.words("you") : this.nameOf(message.seat);
      const time = document.createElement("time");
      const at = message.at ? new Date(message.at) : new Date();
      time.dateTime = at.toISOString();
      time.textContent = at.toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit", timeZone: this.zone });
      by.append(name, " ", time);
      const text = document.createElement("div");
      text.className = "message-text";
      text.append(nodes(message.text));
      box.append(by, text);
      row.append(box);
      this.rows.set(key, row);
    }
    row.dataset.state = early ? "sending" : "sent";
    if (message.number) row.dataset.number = message.number;
    this.empty?.toggleAttribute("hidden", true);
    const nearEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 80;
    if (early) {
      if (!known) this.list.append(row);
    } else {
      // Numbered ones stand before those that still wait for a number.
      const waiting = [...this.list.children].find((r) => r !== row && r.dataset.state === "sending");
      this.list.insertBefore(row, waiting ?? null);
    }
    if (nearEnd || message.seat === this.me()) this.list.scrollTop = this.list.scrollHeight;
    if (!known && message.seat !== this.me()) this.unread?.(message);
  }
}
