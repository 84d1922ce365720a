import assert from "node:assert/strict";
import { test } from "node:test";
import { figure, unreadAfter } from "./bell.js";

test("what is told is counted, what is read is not", () => {
  assert.equal(unreadAfter(0, { type: "new_notification" }), 1);
  assert.equal(unreadAfter(2, { type: "read_notification" }), 1);
  assert.equal(unreadAfter(0, { type: "read_notification" }), 0);
  assert.equal(unreadAfter(5, { type: "resume" }), 5);
});

test("after a clearing only the server knows", () => {
  assert.equal(unreadAfter(5, { type: "clear_notifications" }), null);
});

test("a large number takes no more room", () => {
  assert.equal(figure(7), "7");
  assert.equal(figure(100), "99+");
});
