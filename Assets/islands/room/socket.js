// The socket of a room: it comes back by itself, with the seat and the log where they were.
//
// The server speaks first (`welcome`). After a break the client asks for what it missed with `resume {seat, after}`.
// Until `welcome` came, what is sent waits in a queue. A `timer` every ten seconds is answered by the server, and so
// proves that the line is alive in both directions: browsers do not tell of a silent one.

/** Close codes after which coming back is pointless or unwanted. */
export const FINAL = new Map([
  [1000, "left"],
  [4401, "signed_out"],
  [4403, "forbidden"],
  [4404, "no_room"],
  [4409, "taken_over"],
]);

/** Milliseconds to wait before try `attempt` (0, 1, …): doubling from 250 ms to 10 s, with full jitter. */
export function backOff(attempt, random = Math.random) {
  const most = Math.min(10_000, 250 * 2 ** Math.min(attempt, 10));
  return Math.round(most / 2 + (most / 2) * random());
}

export class RoomSocket {
  /**
   * @param {string} address
   * @param {{message: (type: string, data: any, id: number|undefined) => void, state: (state: string, code?: number) => void}} hears
   * @param {{open?: (address: string) => WebSocket, beat?: number, answer?: number}} options
   */
  constructor(address, hears, { open = (a) => new WebSocket(a), beat = 10_000, answer = 8_000 } = {}) {
    this.address = address;
    this.hears = hears;
    this.openSocket = open;
    this.beat = beat;
    this.answer = answer;
    this.attempt = 0;
    this.ready = false;
    this.done = false;
    this.queue = [];
    this.socket = null;
    this.onOnline = () => this.retryNow();
    globalThis.addEventListener?.("online", this.onOnline);
  }

  connect() {
    if (this.done) return;
    clearTimeout(this.retryTimer);
    this.hears.state("connecting");
    const socket = this.openSocket(this.address);
    this.socket = socket;
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      clearTimeout(this.answerTimer);
      this.answerTimer = undefined;
      let message;
      try {
        message = JSON.parse(event.data);
      } catch {
        return;
      }
      if (message.type === "welcome") {
        this.ready = true;
        this.attempt = 0;
        this.hears.state("open");
      }
      this.hears.message(message.type, message.data ?? {}, message.id);
      if (message.type === "welcome") this.flush();
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event.code);
    };
    socket.onopen = () => {
      if (this.socket === socket) this.startBeat();
    };
    // A handshake that hangs is as good as lost.
    this.openTimer = setTimeout(() => {
      if (this.socket === socket && !this.ready) this.drop();
    }, 15_000);
  }

  /** Queues while away; old signalling is not worth keeping, so the queue is short. */
  send(type, data) {
    if (this.done) return;
    if (this.ready && this.socket.readyState === 1) this.socket.send(JSON.stringify({ type, data }));
    else {
      this.queue.push({ type, data });
      if (this.queue.length > 200) this.queue.shift();
    }
  }

  /** Only when the line is there now; for what is worthless later. */
  sendNow(type, data) {
    if (this.ready && this.socket?.readyState === 1) this.socket.send(JSON.stringify({ type, data }));
  }

  flush() {
    const waiting = this.queue;
    this.queue = [];
    for (const { type, data } of waiting) this.send(type, data);
  }

  startBeat() {
    clearInterval(this.beatTimer);
    this.beatTimer = setInterval(() => {
      if (!this.ready) return;
      this.askTime();
      this.answerTimer ??= setTimeout(() => this.drop(), this.answer);
    }, this.beat);
  }

  askTime() {
    this.askedAt = Date.now();
    this.sendNow("timer", {});
  }

  /** Gives the present line up and looks for another at once. */
  drop() {
    const socket = this.socket;
    if (!socket || this.done) return;
    socket.onclose = socket.onmessage = socket.onopen = null;
    try {
      socket.close();
    } catch {
      // Already closed.
    }
    this.lost(1006);
  }

  lost(code) {
    this.ready = false;
    clearInterval(this.beatTimer);
    clearTimeout(this.answerTimer);
    clearTimeout(this.openTimer);
    this.answerTimer = undefined;
    if (this.done) return;
    if (FINAL.has(code)) {
      this.finish();
      this.hears.state(FINAL.get(code), code);
      return;
    }
    this.hears.state("lost", code);
    // Too fast, or the server has too much to do: not so soon.
    const attempt = code === 4429 || code === 1013 ? Math.max(this.attempt, 4) : this.attempt;
    this.attempt = attempt + 1;
    this.retryTimer = setTimeout(() => this.connect(), backOff(attempt));
  }

  /** The network says it is back: no reason to wait out the pause, and every reason to doubt the old line. */
  retryNow() {
    if (this.done) return;
    this.attempt = 0;
    if (this.ready) {
      this.askTime();
      clearTimeout(this.answerTimer);
      this.answerTimer = setTimeout(() => this.drop(), 2_000);
    } else if (!this.socket || this.socket.readyState > 1) this.connect();
  }

  finish() {
    this.done = true;
    clearTimeout(this.retryTimer);
    clearInterval(this.beatTimer);
    clearTimeout(this.answerTimer);
    clearTimeout(this.openTimer);
    globalThis.removeEventListener?.("online", this.onOnline);
  }

  close() {
    this.finish();
    this.socket?.close(1000);
  }
}
