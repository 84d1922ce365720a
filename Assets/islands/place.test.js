import assert from "node:assert/strict";
import { test } from "node:test";
import { addressNear } from "./near.js";
import { middle, read, touched, typed, view } from "./place.js";

const close = (a, b) => Math.abs(a - b) < 1e-9;

test("all places of one square are told as its middle", () => {
  const known = middle(33.684422, 73.047882);
  assert.ok(close(known.latitude, 33.65) && close(known.longitude, 73.05));
  for (let n = 0; n < 5000; n += 1) {
    const [latitude, longitude] = [Math.sin(n) * 90, Math.sin(n * 7.3) * 180];
    const told = middle(latitude, longitude);
    assert.ok(Math.abs(told.latitude - latitude) <= 0.0500001, `${latitude}`);
    const again = middle(told.latitude, told.longitude);
    assert.ok(close(again.latitude, told.latitude) && close(again.longitude, told.longitude));
    const back = read(typed(told));
    assert.ok(back && close(middle(back.latitude, back.longitude).latitude, told.latitude));
  }
  for (const [latitude, longitude] of [[90, 180], [-90, -180], [0, 180]]) {
    const told = middle(latitude, longitude);
    assert.ok(Math.abs(told.latitude) <= 90 && Math.abs(told.longitude) <= 180);
  }
});

test("two plain numbers are a place, all else waits for the server", () => {
  assert.deepEqual(read(" 33.65, 73.05 "), { latitude: 33.65, longitude: 73.05 });
  assert.deepEqual(read("-33, -70.65"), { latitude: -33, longitude: -70.65 });
  for (const text of ["", "Lahore", "33.65 N, 73 E", "91, 0", "0, 181", "1, 2, 3"]) assert.equal(read(text), null, text);
});

test("a touch on the map is where it looks, near and far", () => {
  const box = { x: 100, y: 50, width: 720, height: 360 };
  assert.deepEqual(touched(box, [-180, -90, 360, 180], 460, 230), { latitude: -0, longitude: 0 });
  assert.deepEqual(touched(box, [-180, -90, 360, 180], 100, 50), { latitude: 90, longitude: -180 });
  assert.deepEqual(touched(box, [-180, -90, 360, 180], 9999, 9999), { latitude: -90, longitude: 180 });
  const shown = view({ latitude: 33.65, longitude: 73.05 });
  const there = touched(box, shown, 460, 230);
  assert.ok(close(there.latitude, 33.65) && close(there.longitude, 73.05));
  for (const round of [{ latitude: 89.95, longitude: 179.95 }, { latitude: -89.95, longitude: -179.95 }]) {
    const [left, top, wide, high] = view(round);
    assert.ok(left >= -180 && left + wide <= 180 && top >= -90 && top + high <= 90);
  }
});

test("near me is the same search, to a tenth of a degree", () => {
  const fields = [["q", ""], ["subject", "piano"], ["near", "1,1"], ["town", "x"], ["place", "y"], ["after", "z"], ["km", "50"]];
  assert.equal(
    addressNear("https://site.example/tutors", fields, middle(33.684422, 73.047882)),
    "https://site.example/tutors?subject=piano&km=50&near=33.7%2C73.1",
  );
  assert.match(addressNear("https://site.example/tutors", [], middle(-0.01, 0.01)), /near=(0\.0|-0\.1)%2C0\.1&km=25$/);
});
