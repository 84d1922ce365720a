// How good the link is, from `getStats`; what is sent is fitted to it. Pure but for `sample`.
//
// The ladder has three rungs: "full" picture, "low" picture, "audio" only. It goes down after three bad samples in a
// row, up after a longer good time that doubles each time going up turned out too early. A hand on the switch
// overrules it.

/** Reads one sample of a connection. Counters are totals; `between` makes rates of two of them. */
export async function sample(pc) {
  const s = {
    at: performance.now(),
    audioIn: 0, videoIn: 0, lost: 0, received: 0, framesIn: 0, width: 0, height: 0,
    out: 0, jitter: 0, remoteLost: 0, rtt: null, available: null, route: null, frozen: 0,
  };
  const candidates = new Map();
  /** @type {any} */
  let pair = null;
  let selected = null;
  (await pc.getStats()).forEach((r) => {
    if (r.type === "inbound-rtp") {
      s.received += r.packetsReceived ?? 0;
      s.lost += r.packetsLost ?? 0;
      if (r.kind === "audio") {
        s.audioIn += r.bytesReceived ?? 0;
        s.jitter = Math.max(s.jitter, r.jitter ?? 0);
      } else {
        s.videoIn += r.bytesReceived ?? 0;
        s.framesIn += r.framesDecoded ?? 0;
        s.frozen += r.freezeCount ?? 0;
        if ((r.frameWidth ?? 0) > s.width) {
          s.width = r.frameWidth;
          s.height = r.frameHeight;
        }
      }
    } else if (r.type === "outbound-rtp") s.out += r.bytesSent ?? 0;
    else if (r.type === "remote-inbound-rtp") {
      s.remoteLost = Math.max(s.remoteLost, r.fractionLost ?? 0);
      if (r.roundTripTime !== undefined) s.rtt = Math.max(s.rtt ?? 0, r.roundTripTime);
    } else if (r.type === "candidate-pair") {
      if (r.selected || (r.nominated && r.state === "succeeded" && (r.bytesReceived ?? 0) >= (pair?.bytesReceived ?? 0))) pair = r;
    } else if (r.type === "transport") selected = r.selectedCandidatePairId ?? selected;
    else if (r.type === "local-candidate") candidates.set(r.id, r);
    if (r.type === "candidate-pair" && selected && r.id === selected) pair = r;
  });
  if (pair) {
    if (pair.currentRoundTripTime !== undefined) s.rtt = pair.currentRoundTripTime;
    s.available = pair.availableOutgoingBitrate ?? null;
    s.route = candidates.get(pair.localCandidateId)?.candidateType ?? null;
  }
  return s;
}

/** Rates between two samples: loss as a share, the rest in kbit/s, milliseconds and frames a second. */
export function between(a, b) {
  const seconds = Math.max(0.001, (b.at - a.at) / 1000);
  const lost = Math.max(0, b.lost - a.lost);
  const received = Math.max(0, b.received - a.received);
  const kilobits = (from, to) => Math.max(0, Math.round(((to - from) * 8) / seconds / 1000));
  return {
    loss: lost + received > 0 ? lost / (lost + received) : 0,
    uplinkLoss: b.remoteLost,
    rtt: b.rtt === null ? null : Math.round(b.rtt * 1000),
    jitter: Math.round(b.jitter * 1000),
    audioIn: kilobits(a.audioIn, b.audioIn),
    videoIn: kilobits(a.videoIn, b.videoIn),
    out: kilobits(a.out, b.out),
    fps: Math.round(Math.max(0, b.framesIn - a.framesIn) / seconds),
    width: b.width,
    height: b.height,
    available: b.available === null ? null : Math.round(b.available / 1000),
    route: b.route,
  };
}

/** One word for a link. `connected` is the state of the connection itself. */
export function grade(rates, connected = true) {
  if (!connected) return "lost";
  if (!rates) return "unknown";
  const loss = Math.max(rates.loss, rates.uplinkLoss);
  if (loss > 0.1 || (rates.rtt ?? 0) > 800 || (rates.available !== null && rates.available < 100)) return "poor";
  if (loss > 0.03 || (rates.rtt ?? 0) > 350 || rates.jitter > 60) return "fair";
  return "good";
}

export const RUNGS = ["audio", "low", "full"];

/** What is sent on each rung; bits a second. */
export const BUDGET = {
  full: { maxBitrate: 1_500_000, scaleResolutionDownBy: 1, maxFramerate: 30 },
  low: { maxBitrate: 250_000, scaleResolutionDownBy: 3, maxFramerate: 15 },
};

export class Ladder {
  constructor() {
    this.rung = "full";
    this.choice = "auto";
    this.bad = 0;
    this.good = 0;
    this.patience = 8;
  }

  /** "auto", or a rung to stay on. */
  choose(choice) {
    this.choice = choice;
    this.bad = this.good = 0;
    this.patience = 8;
    if (choice !== "auto") this.rung = choice;
    return this.rung;
  }

  /** Takes a grade, answers the rung to stand on. */
  step(word) {
    if (this.choice !== "auto" || word === "unknown" || word === "lost") return this.rung;
    const at = RUNGS.indexOf(this.rung);
    if (word === "poor") {
      this.good = 0;
      this.bad += 1;
      if (this.bad >= 3 && at > 0) {
        // Fell soon after climbing: be slower to climb again.
        if (this.climbed) this.patience = Math.min(60, this.patience * 2);
        this.climbed = false;
        this.bad = 0;
        this.rung = RUNGS[at - 1];
      }
    } else {
      this.bad = 0;
      this.good = word === "good" ? this.good + 1 : 0;
      if (this.good >= this.patience && at < RUNGS.length - 1) {
        this.good = 0;
        this.climbed = true;
        this.rung = RUNGS[at + 1];
      } else if (this.good >= 30) this.climbed = false;
    }
    return this.rung;
  }
}

/** Gathers rates over a while into what the server keeps with the booking: means, worst cases, the route. */
export class Summary {
  constructor() {
    this.clear();
  }

  clear() {
    this.taken = [];
    this.worst = "good";
  }

  add(rates, word) {
    this.taken.push(rates);
    const order = ["good", "fair", "poor", "lost"];
    if (order.indexOf(word) > order.indexOf(this.worst)) this.worst = word;
  }

  take(rung) {
    if (this.taken.length === 0) return null;
    const mean = (key) => {
      const values = this.taken.map((r) => r[key]).filter((v) => v !== null && v !== undefined);
      return values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
    };
    const whole = (v) => (v === null ? null : Math.round(v));
    const last = this.taken.at(-1);
    const summary = {
      grade: this.worst,
      rung,
      rtt_ms: whole(mean("rtt")),
      jitter_ms: whole(mean("jitter")),
      loss: Math.round((mean("loss") ?? 0) * 10_000) / 10_000,
      uplink_loss: Math.round((mean("uplinkLoss") ?? 0) * 10_000) / 10_000,
      audio_kbps: whole(mean("audioIn")),
      video_kbps: whole(mean("videoIn")),
      sent_kbps: whole(mean("out")),
      fps: whole(mean("fps")),
      width: last.width,
      height: last.height,
      route: last.route,
    };
    this.clear();
    return summary;
  }
}
