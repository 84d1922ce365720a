import assert from "node:assert/strict";
import { test } from "node:test";
import { zoneCookie, zoneToTell } from "./zone.js";

test("a visitor's zone is told when the page was made in another", () => {
  assert.equal(zoneToTell("UTC", "Asia/Karachi", false), "Asia/Karachi");
  assert.equal(zoneToTell("Asia/Karachi", "Asia/Karachi", false), null);
});

test("people who are signed in have chosen theirs", () => {
  assert.equal(zoneToTell("UTC", "Asia/Karachi", true), null);
});

test("what is no zone is not told", () => {
  assert.equal(zoneToTell("UTC", "x; path=/evil", false), null);
  assert.equal(zoneToTell("UTC", undefined, false), null);
});

test("on https the cookie belongs to this host alone", () => {
  assert.match(zoneCookie("UTC", true), /^__Host-zone=UTC; path=\/;.*; secure$/);
  assert.doesNotMatch(zoneCookie("UTC", false), /secure/);
});
