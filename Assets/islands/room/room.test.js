// node --test Assets/islands/room/
import assert from "node:assert/strict";
import { test } from "node:test";

import { Log, format } from "./chat.js";
import { LessonClock, figures } from "./clock.js";
import { audioConstraints, causeOf, readChoice, keepChoice } from "./devices.js";
import { isInside, knocking, otherOf, place } from "./people.js";
import { Ladder, Summary, between, grade } from "./quality.js";
import { RoomSocket, backOff } from "./socket.js";

const said = (number, seat = 1, client_id = `c${number}`, text = `t${number}`) => ({ number, seat, client_id, text });

test("a message is shown once, in the server's order, however it comes", () => {
  const log = new Log();
  assert.equal(log.hearEarly({ seat: 2, client_id: "x", text: "early" }), true);
  assert.equal(log.hearEarly({ seat: 2, client_id: "x", text: "early" }), false);
  assert.deepEqual(log.hear(said(2)), { fresh: [], gap: true });
  assert.deepEqual(log.all.map((m) => m.client_id), ["x"]);
  const { fresh, gap } = log.hear(said(1, 2, "x", "early"));
  assert.deepEqual(fresh.map((m) => m.number), [1, 2]);
  assert.equal(gap, false);
  assert.deepEqual(log.hear(said(1, 2, "x")), { fresh: [], gap: false });
  assert.equal(log.hearEarly({ seat: 2, client_id: "x", text: "late copy" }), false);
  assert.deepEqual(log.all.map((m) => m.number), [1, 2]);
  // The same client id of another seat is another message.
  assert.equal(log.hearEarly({ seat: 1, client_id: "x", text: "mine" }), true);
});

test("any order of arrival with any repetition gives the same log", () => {
  const seed = Number(process.env.TEST_SEED ?? 7);
  console.log(`room.test.js: TEST_SEED=${seed}`);
  let state = seed;
  const random = () => ((state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31);
  for (let round = 0; round < 200; round++) {
    const log = new Log();
    const shown = [];
    const left = Array.from({ length: 20 }, (_, n) => said(n + 1));
    const sent = [...left, ...left.filter(() => random() < 0.5)].sort(() => random() - 0.5);
    for (const m of sent) shown.push(...log.hear(m).fresh.map((f) => f.number));
    assert.deepEqual(shown, left.map((m) => m.number));
  }
});

test("only line breaks and links are formatted", () => {
  assert.deepEqual(format("a <b>x</b>\nsee https://e.org/p?q=1, ok"), [
    [{ text: "a <b>x</b>" }],
    [{ text: "see " }, { text: "https://e.org/p?q=1", href: "https://e.org/p?q=1" }, { text: ", ok" }],
  ]);
  assert.deepEqual(format("javascript:alert(1) data:text/html,x"), [[{ text: "javascript:alert(1) data:text/html,x" }]]);
  assert.deepEqual(format("https://"), [[{ text: "https://" }]]);
});

test("news of a seat that overtook each other do not turn time back", () => {
  const old = { seat: 2, role: "learner", standing: "inside", here: false, since: "2026-01-01T10:00:00Z" };
  const fresh = { ...old, here: true, since: "2026-01-01T10:00:01Z" };
  let seats = place([{ seat: 1, role: "tutor", standing: "inside", here: true }], fresh);
  seats = place(seats, old);
  assert.equal(isInside(otherOf(seats, 1)), true);
  assert.deepEqual(knocking(place(seats, { ...fresh, standing: "waiting", since: "2026-01-01T10:00:02Z" })).map((s) => s.seat), [2]);
});

test("every device error has one of a few causes", () => {
  const named = (name, message = "") => Object.assign(new Error(message), { name });
  assert.equal(causeOf(named("NotAllowedError", "Permission denied")), "denied");
  assert.equal(causeOf(named("NotAllowedError", "Permission denied by system")), "denied_by_system");
  assert.equal(causeOf(named("NotFoundError")), "missing");
  assert.equal(causeOf(named("NotReadableError")), "busy");
  assert.equal(causeOf(named("OverconstrainedError")), "unsuitable");
  assert.equal(causeOf(named("InsecureContextError")), "insecure");
  assert.equal(causeOf(named("TypeError")), "unknown");
  assert.equal(causeOf(null), "unknown");
});

test("original sound turns every processing off and stays mono", () => {
  const on = audioConstraints({ original: true, microphone: "m" });
  assert.deepEqual([on.echoCancellation, on.noiseSuppression, on.autoGainControl], [false, false, false]);
  assert.deepEqual(on.channelCount, { ideal: 1 });
  assert.equal(audioConstraints({ original: false }).echoCancellation, true);
});

test("a choice survives, and a broken store does not break the page", () => {
  const kept = new Map();
  const store = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v) };
  keepChoice({ camera: "c", cameraOn: false, microphoneOn: true, original: true }, store);
  assert.equal(readChoice(store).cameraOn, false);
  kept.set("room.devices", "{broken");
  assert.equal(readChoice(store).cameraOn, true);
  assert.doesNotThrow(() => keepChoice({}, { setItem() { throw new Error("full"); } }));
});

test("the server's clock decides, and the quickest answer sets it", () => {
  let now = 1_000_000;
  const clock = new LessonClock(() => now);
  const server = now + 3_600_000;
  const at = (ms) => new Date(ms).toISOString();
  clock.hear({ now: at(server), starts_at: at(server + 60_000), ends_at: at(server + 120_000) });
  assert.deepEqual(clock.read(), { phase: "before", seconds: 60 });
  now += 90_000;
  assert.deepEqual(clock.read(), { phase: "running", seconds: 30 });
  // A slow answer does not spoil a good one.
  clock.hear({ now: at(now) }, now - 5_000);
  assert.deepEqual(clock.read(), { phase: "running", seconds: 30 });
  now += 35_000;
  assert.deepEqual(clock.read(), { phase: "over", seconds: 5 });
  assert.equal(figures(3675), "1:01:15");
  assert.equal(figures(75), "1:15");
});

test("rates and grades of a link", () => {
  const s = { at: 0, audioIn: 0, videoIn: 0, lost: 0, received: 0, framesIn: 0, out: 0, jitter: 0, remoteLost: 0, rtt: 0.05, available: null, route: "host", width: 640, height: 480 };
  const r = between(s, { ...s, at: 2000, audioIn: 8000, videoIn: 250_000, received: 98, lost: 2, framesIn: 40 });
  assert.equal(r.audioIn, 32);
  assert.equal(r.videoIn, 1000);
  assert.equal(r.fps, 20);
  assert.equal(r.loss, 0.02);
  assert.equal(grade(r), "good");
  assert.equal(grade({ ...r, loss: 0.05 }), "fair");
  assert.equal(grade({ ...r, uplinkLoss: 0.2 }), "poor");
  assert.equal(grade({ ...r, rtt: 900 }), "poor");
  assert.equal(grade({ ...r, available: 60 }), "poor");
  assert.equal(grade(r, false), "lost");
  const summary = new Summary();
  summary.add(r, "good");
  summary.add({ ...r, loss: 0.08 }, "poor");
  const kept = summary.take("low");
  assert.equal(kept.grade, "poor");
  assert.equal(kept.loss, 0.05);
  assert.equal(summary.take("low"), null);
});

test("the ladder goes down on a lasting bad link, up slowly, and obeys the hand", () => {
  const ladder = new Ladder();
  ["poor", "poor"].forEach((w) => ladder.step(w));
  assert.equal(ladder.rung, "full");
  ladder.step("good");
  ["poor", "poor", "poor"].forEach((w) => ladder.step(w));
  assert.equal(ladder.rung, "low");
  ["poor", "poor", "poor"].forEach((w) => ladder.step(w));
  assert.equal(ladder.rung, "audio");
  for (let n = 0; n < 8; n++) ladder.step("good");
  assert.equal(ladder.rung, "low");
  ["poor", "poor", "poor"].forEach((w) => ladder.step(w));
  assert.equal(ladder.rung, "audio");
  // It climbed too early: twice the patience now.
  for (let n = 0; n < 15; n++) ladder.step("good");
  assert.equal(ladder.rung, "audio");
  ladder.step("good");
  assert.equal(ladder.rung, "low");
  ladder.choose("full");
  for (let n = 0; n < 9; n++) ladder.step("poor");
  assert.equal(ladder.rung, "full");
});

class FakeSocket {
  static all = [];
  readyState = 0;
  sent = [];
  constructor() {
    FakeSocket.all.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  opens() {
    this.readyState = 1;
    this.onopen();
    this.onmessage({ data: JSON.stringify({ type: "welcome", data: {} }) });
  }
  breaks(code) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

/** Timers that go off when the test says so; Node's own differ from version to version. */
function steppedClock(t) {
  const own = { setTimeout, setInterval, clearTimeout, clearInterval };
  const due = new Map();
  let now = 0;
  let last = 0;
  const set = (repeats) => (call, after = 0) => {
    due.set(++last, { at: now + after, every: repeats ? after : undefined, call });
    return last;
  };
  const clear = (timer) => void due.delete(timer);
  Object.assign(globalThis, { setTimeout: set(false), setInterval: set(true), clearTimeout: clear, clearInterval: clear });
  t.after(() => Object.assign(globalThis, own));
  return (milliseconds) => {
    const end = now + milliseconds;
    for (;;) {
      const [timer, next] = [...due].filter(([, one]) => one.at <= end).sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (!next) break;
      now = next.at;
      if (next.every) next.at += next.every;
      else due.delete(timer);
      next.call();
    }
    now = end;
  };
}

test("the socket comes back with what was said meanwhile, and not where it must not", (t) => {
  const tick = steppedClock(t);
  FakeSocket.all = [];
  const states = [];
  const socket = new RoomSocket("ws://x", { message() {}, state: (s) => states.push(s) }, { open: () => new FakeSocket() });
  socket.connect();
  socket.send("chat_message", { text: "before" });
  FakeSocket.all[0].opens();
  assert.deepEqual(FakeSocket.all[0].sent.map((m) => m.data.text), ["before"]);
  FakeSocket.all[0].breaks(1001);
  socket.send("chat_message", { text: "meanwhile" });
  tick(300);
  FakeSocket.all[1].opens();
  assert.deepEqual(FakeSocket.all[1].sent.map((m) => m.data.text), ["meanwhile"]);
  // Silence: a question without an answer gives the line up.
  tick(10_000);
  assert.equal(FakeSocket.all[1].sent.at(-1).type, "timer");
  tick(8_000);
  assert.equal(FakeSocket.all[1].readyState, 3);
  tick(500);
  FakeSocket.all[2].opens();
  FakeSocket.all[2].breaks(4409);
  tick(60_000);
  assert.equal(FakeSocket.all.length, 3);
  assert.deepEqual(states, ["connecting", "open", "lost", "connecting", "open", "lost", "connecting", "open", "taken_over"]);
});

test("the pause grows and is jittered", () => {
  assert.equal(backOff(0, () => 0), 125);
  assert.equal(backOff(0, () => 1), 250);
  assert.equal(backOff(20, () => 1), 10_000);
});
