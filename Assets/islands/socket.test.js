import assert from "node:assert/strict";
import { test } from "node:test";
import { closingOf, delayOf, openSocket } from "./socket.js";

/** A socket whose other end is the test. */
class Line {
  static all = [];
  readyState = 0;
  sent = [];
  constructor(address) {
    this.address = address;
    Line.all.push(this);
  }
  static get last() {
    return Line.all.at(-1);
  }
  accept() {
    this.readyState = 1;
    this.onopen();
  }
  say(message) {
    this.onmessage({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }
  drop(code) {
    this.readyState = 3;
    this.onclose({ code });
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close(code) {
    this.drop(code ?? 1005);
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

function line(options = {}) {
  Line.all = [];
  const heard = [];
  const states = [];
  const socket = openSocket("ws://site/ws/x/", {
    Socket: Line,
    delay: () => 0,
    message: (message) => heard.push(message),
    state: (state, closing) => states.push(closing ? `${state}:${closing}` : state),
    ...options,
  });
  return { socket, heard, states };
}

test("waits double up to a ceiling and are spread over their upper half", () => {
  assert.equal(delayOf(0, 0), 250);
  assert.equal(delayOf(0, 1), 500);
  assert.equal(delayOf(3, 0), 2_000);
  assert.equal(delayOf(3, 1), 4_000);
  assert.equal(delayOf(50, 1), 20_000);
  assert.equal(delayOf(50, 0), 10_000);
});

test("close codes have names, and an unknown one is a lost line", () => {
  assert.equal(closingOf(4409), "taken-over");
  assert.equal(closingOf(1001), "going-away");
  assert.equal(closingOf(1008), "behind");
  assert.equal(closingOf(1006), "lost");
});

test("a lost line comes back, resumes first, then sends what was said meanwhile in order", async () => {
  const { socket, heard, states } = line({ hello: () => ({ type: "hello" }), resume: () => ({ type: "resume", after: 7 }) });
  Line.last.accept();
  Line.last.say({ n: 1 });
  socket.send({ a: 1 });
  const first = Line.last;
  first.drop(1006);
  assert.equal(socket.send({ a: 2 }), false);
  assert.equal(socket.send({ stale: true }, { keep: false }), false);
  socket.send({ a: 3 });
  await turn();
  await turn();
  assert.notEqual(Line.last, first);
  Line.last.accept();
  assert.deepEqual(first.sent, [{ type: "hello" }, { a: 1 }]);
  assert.deepEqual(Line.last.sent, [{ type: "resume", after: 7 }, { a: 2 }, { a: 3 }]);
  assert.deepEqual(heard, [{ n: 1 }]);
  assert.deepEqual(states, ["connecting", "open", "waiting:lost", "connecting", "open"]);
});

test("a refusal is final: no second try, and what is said after is dropped", async () => {
  for (const code of [4401, 4403, 4404, 4409, 1009]) {
    const { socket, states } = line();
    Line.last.accept();
    Line.last.drop(code);
    socket.send({ lost: true });
    await turn();
    await turn();
    assert.equal(Line.all.length, 1, String(code));
    assert.equal(states.at(-1), `closed:${closingOf(code)}`);
  }
});

test("a server going away, idle or overwhelmed is tried again, and so is a line that fell behind", async () => {
  for (const code of [1001, 1008, 1013, 4408, 4429, 1006]) {
    line();
    Line.last.accept();
    Line.last.drop(code);
    await turn();
    await turn();
    assert.equal(Line.all.length, 2, String(code));
  }
});

test("tries are counted until a message arrives, not merely until the line opens", async () => {
  const attempts = [];
  line({ delay: (attempt) => (attempts.push(attempt), 0) });
  for (let i = 0; i < 3; i++) {
    Line.last.accept();
    Line.last.drop(1006);
    await turn();
    await turn();
  }
  Line.last.accept();
  Line.last.say({ welcome: true });
  Line.last.drop(1006);
  await turn();
  assert.deepEqual(attempts, [0, 1, 2, 0]);
});

test("closing it ends it, also between two tries", async () => {
  const { socket, states } = line();
  Line.last.drop(1006);
  socket.close();
  await turn();
  await turn();
  assert.equal(Line.all.length, 1);
  assert.equal(states.at(-1), "closed:done");
});

test("what is no JSON is passed over", () => {
  const { heard } = line();
  Line.last.accept();
  Line.last.say("{broken");
  Line.last.say({ fine: true });
  assert.deepEqual(heard, [{ fine: true }]);
});
