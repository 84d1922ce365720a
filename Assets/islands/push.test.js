import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, standing, text } from "./push.js";

const able = { worker: true, push: true, notes: true, apple: false, installed: false, permission: "default", told: false };

test("a browser that can is offered the button, and is on when the server knows it", () => {
  assert.equal(standing(able), "off");
  assert.equal(standing({ ...able, permission: "granted" }), "off");
  assert.equal(standing({ ...able, permission: "granted", told: true }), "on");
  // The permission was taken back in the browser's settings.
  assert.equal(standing({ ...able, permission: "default", told: true }), "off");
});

test("each way of not being able is told apart", () => {
  assert.equal(standing({ ...able, permission: "denied" }), "denied");
  for (const part of ["worker", "push", "notes"]) assert.equal(standing({ ...able, [part]: false }), "unsupported");
  const phone = { ...able, apple: true, push: false, notes: false };
  assert.equal(standing(phone), "install");
  assert.equal(standing({ ...phone, installed: true }), "unsupported");
  assert.equal(standing({ ...able, apple: true, installed: true }), "off");
});

test("keys go from base64url to bytes and back", () => {
  const key = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
  assert.equal(bytes(key).length, 65);
  assert.equal(text(bytes(key).buffer), key);
  assert.equal(text(null), "");
});
