// The link's negotiation against a small model of RTCPeerConnection: any interleaving of the two ends' messages must
// end with both on the same pair of connections, stable.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Link } from "./link.js";

const settle = () => new Promise((done) => setImmediate(done));

class Peer {
  static made = 0;
  signalingState = "stable";
  connectionState = "new";
  remoteDescription = null;
  localDescription = null;
  number = ++Peer.made;
  lines = [];
  createDataChannel() {
    return { readyState: "connecting" };
  }
  addTransceiver(kind) {
    const line = { direction: "sendrecv", kind, receiver: { track: { kind } }, sender: { track: null, replaceTrack: async (t) => (line.sender.track = t), getParameters: () => ({}) } };
    this.lines.push(line);
    return line;
  }
  getTransceivers() {
    return this.lines;
  }
  getSenders() {
    return this.lines.map((l) => l.sender);
  }
  async createOffer() {
    return { type: "offer", sdp: `offer of ${this.number}` };
  }
  async setLocalDescription(description) {
    if (this.signalingState === "closed") throw new Error("closed");
    description ??= { type: "answer", sdp: `answer of ${this.number}` };
    if (description.type === "answer" && this.signalingState !== "have-remote-offer") throw new Error("no offer to answer");
    this.localDescription = description;
    this.signalingState = description.type === "offer" ? "have-local-offer" : "stable";
  }
  async setRemoteDescription(description) {
    if (this.signalingState === "closed") throw new Error("closed");
    if (description.type === "answer" && this.signalingState !== "have-local-offer") throw new Error("no offer was made");
    this.remoteDescription = description;
    if (description.type === "offer") {
      while (this.lines.length < 3) this.addTransceiver("any");
      this.signalingState = "have-remote-offer";
    } else this.signalingState = "stable";
  }
  async addIceCandidate() {
    if (!this.remoteDescription) throw new Error("no description");
  }
  close() {
    this.signalingState = "closed";
  }
}

function pair() {
  const wires = { toTutor: [], toLearner: [] };
  const make = (polite, out) =>
    new Link({ polite, ice: [], Peer, send: (type, data) => out.push({ type, data: structuredClone(data) }), state() {}, tracks() {}, early() {}, local: () => [null, null, null] });
  const ends = { tutor: make(false, wires.toLearner), learner: make(true, wires.toTutor), wires };
  return ends;
}

/** Delivers everything under way, in a random interleaving, until nothing is. */
async function deliver(ends, random) {
  const { toTutor, toLearner } = ends.wires;
  for (let n = 0; n < 400; n++) {
    if (toTutor.length + toLearner.length === 0) await settle();
    if (toTutor.length + toLearner.length === 0) return;
    const isTutor = toLearner.length === 0 || (toTutor.length > 0 && random() < 0.5);
    const message = (isTutor ? toTutor : toLearner).shift();
    (isTutor ? ends.tutor : ends.learner).hear(message.type, message.data);
    if (random() < 0.5) await settle();
  }
  assert.fail("the two ends never stop talking");
}

function agreed({ tutor, learner }) {
  assert.equal(tutor.pc.signalingState, "stable");
  assert.equal(learner.pc.signalingState, "stable");
  assert.equal(tutor.other, learner.name);
  assert.equal(learner.other, tutor.name);
  const of = (link) => link.pc.remoteDescription.sdp.split(" ").at(-1);
  assert.equal(of(tutor), String(learner.pc.number));
  assert.equal(of(learner), String(tutor.pc.number));
}

test("both ends agree whatever meets whatever", async () => {
  const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`link.test.js: TEST_SEED=${seed}`);
  let state = seed;
  const random = () => ((state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31);
  for (let round = 0; round < 300; round++) {
    const ends = pair();
    // Both come in at once, or one after the other.
    if (random() < 0.5) {
      ends.tutor.start();
      if (random() < 0.5) await settle();
    }
    ends.learner.start();
    await settle();
    await deliver(ends, random);
    agreed(ends);
    for (let step = 0; step < 3; step++) {
      const what = Math.floor(random() * 3);
      if (what === 0) {
        // A reloaded page: its old messages are gone, it offers under a new name.
        const who = random() < 0.5 ? "tutor" : "learner";
        ends[who].drop();
        const fresh = pair()[who];
        fresh.with = ends[who].with;
        ends[who] = fresh;
        (who === "tutor" ? ends.wires.toTutor : ends.wires.toLearner).length = 0;
        ends[who].start();
        if (random() < 0.5) (who === "tutor" ? ends.learner : ends.tutor).restart();
      } else if (what === 1) {
        ends.tutor.restart();
        ends.learner.restart();
      } else (random() < 0.5 ? ends.tutor : ends.learner).restart();
      await settle();
      await deliver(ends, random);
      agreed(ends);
    }
    ends.tutor.drop();
    ends.learner.drop();
  }
});

test("what was meant for a connection of before is dropped", async () => {
  const ends = pair();
  ends.learner.start();
  await settle();
  await deliver(ends, () => 0.4);
  const { name, pc } = ends.tutor;
  await ends.tutor.hear("offer", { link: ends.learner.name, peer: "long gone", sdp: "offer of 99" });
  assert.equal(ends.tutor.name, name);
  assert.equal(pc.signalingState, "stable");
  assert.equal(ends.wires.toLearner.length, 0);
  ends.tutor.drop();
  ends.learner.drop();
});
