import assert from "node:assert/strict";
import { test } from "node:test";
import { step, swipe } from "./calendar.js";

const week = [[540, 600], [], [570, 900]];

test("up and down walk from a day's heading through its lessons and stop at its ends", () => {
  assert.deepEqual(step(week, { column: 0, row: 0 }, "down"), { column: 0, row: 1 });
  assert.deepEqual(step(week, { column: 0, row: 2 }, "down"), { column: 0, row: 2 });
  assert.deepEqual(step(week, { column: 0, row: 1 }, "up"), { column: 0, row: 0 });
  assert.deepEqual(step(week, { column: 0, row: 0 }, "up"), { column: 0, row: 0 });
});

test("beside a lesson lies the one nearest in time, and a day without lessons is its heading", () => {
  assert.deepEqual(step(week, { column: 0, row: 2 }, "forth"), { column: 1, row: 0 });
  assert.deepEqual(step([[540], [300, 560, 900]], { column: 0, row: 1 }, "forth"), { column: 1, row: 2 });
  assert.deepEqual(step(week, { column: 2, row: 0 }, "back"), { column: 1, row: 0 });
});

test("over the edge lies the page before or after", () => {
  assert.equal(step(week, { column: 0, row: 1 }, "back").column, -1);
  assert.equal(step(week, { column: 2, row: 1 }, "forth").column, 3);
});

test("a swipe is long and level, and turns with the page's direction", () => {
  assert.equal(swipe(-80, 10, false), "next");
  assert.equal(swipe(80, 10, false), "prev");
  assert.equal(swipe(-80, 10, true), "prev");
  assert.equal(swipe(-50, 0, false), undefined);
  assert.equal(swipe(-80, 70, false), undefined);
});
