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

function pair(random) {
  const wires = { toTutor: [], toLearner: [] };
  const make = (polite, out) =>
    new Link({ polite, ice: [], Peer, send: (type, data) => out.push({ type, data: structuredClone(data) }), state() {}, tracks() {}, early() {}, local: () => [null, null, null] });
  const tutor = make(false, wires.toLearner);
  const learner = make(true, wires.toTutor);
  const deliver = async () => {
    for (let n = 0; n < 400 && wires.toTutor.length + wires.toLearner.length > 0; n++) {
      const [wire, end] = random() < 0.5 ? [wires.toTutor, tutor] : [wires.toLearner, learner];
      const message = wire.shift();
      if (message) {
        end.hear(message.type, message.data);
        if (random() < 0.5) await settle();
      }
    }
    await settle();
  };
  return { tutor, learner, wires, deliver };
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
    const ends = pair(random);
    // Both come in at once, or one after the other.
    if (random() < 0.5) {
      ends.tutor.start();
      if (random() < 0.5) await settle();
    }
    ends.learner.start();
    await settle();
    await ends.deliver();
    agreed(ends);
    for (let step = 0; step < 3; step++) {
      const what = Math.floor(random() * 3);
      if (what === 0) {
        // A reloaded page: its old messages are gone, it offers under a new name.
        const who = random() < 0.5 ? "tutor" : "learner";
        const fresh = pair(() => 0)[who];
        fresh.with = ends[who].with;
        ends[who] = fresh;
        const wire = who === "tutor" ? ends.wires.toTutor : ends.wires.toLearner;
        wire.length = 0;
        const { tutor, learner, wires } = ends;
        ends.deliver = async () => {
          for (let n = 0; n < 400 && wires.toTutor.length + wires.toLearner.length > 0; n++) {
            const [w, end] = random() < 0.5 ? [wires.toTutor, tutor] : [wires.toLearner, learner];
            const message = w.shift();
            if (message) end.hear(message.type, message.data);
            if (random() < 0.5) await settle();
          }
          await settle();
        };
        ends[who].start();
        if (random() < 0.5) (who === "tutor" ? learner : tutor).restart();
      } else if (what === 1) {
        ends.tutor.restart();
        ends.learner.restart();
      } else (random() < 0.5 ? ends.tutor : ends.learner).restart();
      await settle();
      await ends.deliver();
      agreed(ends);
    }
    ends.tutor.drop();
    ends.learner.drop();
  }
});

test("what was meant for a connection of before is dropped", async () => {
  const { tutor, learner, wires, deliver } = pair(() => 0.5);
  learner.start();
  await settle();
  await deliver();
  const name = tutor.name;
  await tutor.hear("offer", { link: learner.name, peer: "long gone", sdp: "offer of 99" });
  assert.equal(tutor.name, name);
  assert.equal(tutor.pc.signalingState, "stable");
  assert.equal(wires.toLearner.length, 0);
  tutor.drop();
  learner.drop();
});
