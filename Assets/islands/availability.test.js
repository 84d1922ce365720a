import assert from "node:assert/strict";
import { test } from "node:test";
import { copied, proposal } from "./availability.js";

test("a copied day takes the rows that say something", () => {
  const rows = [{ start: "09:00", end: "10:00" }, { start: "", end: "" }, { start: "11:00", end: "" }];
  assert.deepEqual(copied(rows), [{ start: "09:00", end: "10:00" }, { start: "11:00", end: "" }]);
});

test("a new row begins an hour after the last, and never past midnight", () => {
  assert.deepEqual(proposal([]), { start: "", end: "" });
  assert.deepEqual(proposal([{ start: "09:00", end: "12:30" }]), { start: "13:30", end: "15:30" });
  assert.deepEqual(proposal([{ start: "09:00", end: "12:00" }, { start: "", end: "" }]), { start: "13:00", end: "15:00" });
  assert.deepEqual(proposal([{ start: "19:00", end: "21:00" }]), { start: "22:00", end: "00:00" });
  assert.deepEqual(proposal([{ start: "19:00", end: "00:00" }]), { start: "", end: "" });
  assert.deepEqual(proposal([{ start: "19:00", end: "23:00" }]), { start: "", end: "" });
});
