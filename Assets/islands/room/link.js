// The media link to one other seat.
//
// Both ends hold the same three lines from the start, in this order: sound, camera, screen; and one data channel.
// What is sent on them is swapped with `replaceTrack`, so that muting, changing a device or sharing the screen never
// negotiates anew. Offers are made for two reasons only: the first meeting, and a new route (ICE restart).
//
// Perfect negotiation (W3C WebRTC, "Perfect negotiation example"): the tutor's end is impolite. On top of it each
// connection object has a name. A page that was reloaded offers under a new name; the other end then starts afresh
// instead of answering on lines that no longer exist. What was meant for a name of before is dropped.

const LINES = ["audio", "video", "video"];
export const SOUND = 0, CAMERA = 1, SCREEN = 2;

export class Link {
  /**
   * @param {{polite: boolean, ice: RTCIceServer[], policy?: RTCIceTransportPolicy,
   *   send: (type: string, data: object) => void, state: (state: string) => void,
   *   tracks: (tracks: MediaStreamTrack[]) => void, early: (text: string) => void,
   *   local: () => (MediaStreamTrack|null)[], Peer?: typeof RTCPeerConnection, patience?: number}} with_
   */
  constructor(with_) {
    this.with = with_;
    this.polite = with_.polite;
    this.Peer = with_.Peer ?? globalThis.RTCPeerConnection;
    this.patience = with_.patience ?? 3_000;
    this.pc = null;
    this.work = Promise.resolve();
    this.restarts = 0;
    this.lines = [];
    this.tuned = {};
  }

  get connected() {
    return this.pc?.connectionState === "connected";
  }

  /** What arrives and what is decided happens one after the other. */
  inTurn(step) {
    this.work = this.work.then(step).catch((error) => console.warn("room link", error));
    return this.work;
  }

  fresh() {
    this.drop();
    const pc = new this.Peer({
      iceServers: this.with.ice,
      iceTransportPolicy: this.with.policy ?? "all",
      bundlePolicy: "max-bundle",
    });
    this.pc = pc;
    this.name = Math.random().toString(36).slice(2, 12);
    this.other = null;
    this.offering = false;
    this.ignored = false;
    this.early = [];
    this.lines = [];
    pc.onicecandidate = ({ candidate }) => {
      if (candidate && this.pc === pc) this.say("ice_candidate", { candidate: candidate.toJSON?.() ?? candidate });
    };
    pc.onconnectionstatechange = () => this.pc === pc && this.changed();
    pc.oniceconnectionstatechange = () => this.pc === pc && pc.iceConnectionState === "failed" && this.restart();
    this.channel = pc.createDataChannel("early", { negotiated: true, id: 0 });
    this.channel.onmessage = ({ data }) => typeof data === "string" && this.with.early(data);
    return pc;
  }

  drop() {
    clearTimeout(this.timer);
    clearTimeout(this.limit);
    if (!this.pc) return;
    this.pc.onicecandidate = this.pc.onconnectionstatechange = this.pc.oniceconnectionstatechange = null;
    this.pc.close();
    this.pc = null;
    this.with.state("closed");
  }

  say(type, data) {
    this.with.send(type, { ...data, link: this.name, peer: this.other });
  }

  /** Meets the other end anew: called by whoever comes in while the other is inside. */
  start() {
    return this.inTurn(async () => {
      const pc = this.fresh();
      this.lines = LINES.map((kind) => pc.addTransceiver(kind, { direction: "sendrecv" }));
      await this.fill();
      this.show();
      await this.offer();
    });
  }

  /** The other end is back on its socket: repeat what may have been lost, or look for a new route. */
  revive() {
    return this.inTurn(async () => {
      if (!this.pc) return;
      if (this.pc.signalingState === "have-local-offer") this.say("offer", { sdp: this.pc.localDescription.sdp });
      else if (!this.connected) await this.offer({ iceRestart: true });
    });
  }

  restart() {
    return this.inTurn(async () => {
      if (!this.pc) return;
      const closed = this.pc.signalingState === "closed";
      if (!closed && this.pc.signalingState !== "stable") return;
      this.restarts += 1;
      if (closed || this.restarts > 3) {
        // New routes on the old connection did not help; a new connection may.
        this.restarts = 0;
        const pc = this.fresh();
        this.lines = LINES.map((kind) => pc.addTransceiver(kind, { direction: "sendrecv" }));
        await this.fill();
        this.show();
        await this.offer();
      } else await this.offer({ iceRestart: true });
    });
  }

  async offer(options) {
    const pc = this.pc;
    this.offering = true;
    try {
      await pc.setLocalDescription(await pc.createOffer(options));
      if (this.pc === pc) this.say("offer", { sdp: pc.localDescription.sdp });
    } finally {
      this.offering = false;
    }
    this.watch();
  }

  /** `offer`, `answer` and `ice_candidate` of the other end. */
  hear(type, message) {
    return this.inTurn(async () => {
      if (message.peer && message.peer !== this.name) return;
      if (type === "offer") await this.hearOffer(message);
      else if (!this.pc) return;
      else if (type === "answer") {
        if (this.pc.signalingState !== "have-local-offer") return;
        this.other = message.link;
        await this.pc.setRemoteDescription({ type: "answer", sdp: message.sdp });
        await this.catchUp();
      } else if (type === "ice_candidate") {
        if (this.other !== message.link || !this.pc.remoteDescription) this.early.push(message);
        else await this.add(message);
      }
    });
  }

  async hearOffer(message) {
    if (this.pc?.signalingState === "closed") this.drop();
    const known = this.pc && this.other === message.link;
    const collides = this.pc && (this.offering || this.pc.signalingState === "have-local-offer");
    const meeting = this.pc && this.other === null;
    if (collides && !this.polite && (known || meeting)) {
      this.ignored = true;
      return;
    }
    this.ignored = false;
    if (known) {
      // Sets aside our own offer when there is one: the browser rolls back by itself.
      await this.pc.setRemoteDescription({ type: "offer", sdp: message.sdp });
    } else {
      const pc = this.fresh();
      this.other = message.link;
      this.early = this.early.filter((m) => m.link === message.link);
      await pc.setRemoteDescription({ type: "offer", sdp: message.sdp });
      this.lines = pc.getTransceivers();
      for (const line of this.lines) line.direction = "sendrecv";
      await this.fill();
      this.show();
    }
    await this.catchUp();
    await this.pc.setLocalDescription();
    this.say("answer", { sdp: this.pc.localDescription.sdp });
    this.watch();
  }

  async catchUp() {
    const waiting = this.early.filter((m) => m.link === this.other);
    this.early = [];
    for (const message of waiting) await this.add(message);
  }

  async add({ candidate }) {
    try {
      await this.pc.addIceCandidate(candidate);
    } catch (error) {
      if (!this.ignored) console.warn("room candidate", error);
    }
  }

  show() {
    this.with.tracks(this.lines.map((line) => line.receiver.track));
  }

  /** Puts what this end has on the lines. */
  async fill() {
    const tracks = this.with.local();
    for (const [n, line] of this.lines.entries()) {
      const track = tracks[n] ?? null;
      if (line.sender.track !== track) await line.sender.replaceTrack(track);
    }
    await this.tune();
  }

  /** Swaps tracks without negotiating. */
  refill() {
    return this.inTurn(() => this.pc && this.lines.length && this.fill());
  }

  /** Sets what a line may use: `{line: {maxBitrate, …}}`. */
  limitTo(line, budget) {
    this.tuned[line] = budget;
    return this.inTurn(() => this.pc && this.tune());
  }

  async tune() {
    for (const [n, budget] of Object.entries(this.tuned)) {
      const sender = this.lines[n]?.sender;
      const parameters = sender?.getParameters?.();
      if (!budget || !parameters?.encodings?.length) continue;
      Object.assign(parameters.encodings[0], budget);
      await sender.setParameters(parameters).catch(() => {});
    }
  }

  changed() {
    const state = this.pc.connectionState;
    this.with.state(state);
    clearTimeout(this.timer);
    if (state === "connected") {
      this.restarts = 0;
      clearTimeout(this.limit);
      this.tune();
    } else if (state === "failed") this.restart();
    else if (state === "disconnected") this.timer = setTimeout(() => this.restart(), this.patience);
  }

  /** An attempt that leads nowhere in 15 s is repeated. */
  watch() {
    clearTimeout(this.limit);
    this.limit = setTimeout(() => {
      if (!this.pc || this.connected) return;
      if (this.pc.signalingState === "have-local-offer") this.revive();
      else this.restart();
      this.watch();
    }, 15_000);
  }

  /** The network changed under us: look for a route without waiting for the old one to fail. */
  networkChanged() {
    if (this.pc) this.restart();
  }

  /** An early copy of a chat message, when the channel is open. */
  whisper(text) {
    if (this.channel?.readyState === "open") this.channel.send(text);
  }
}
