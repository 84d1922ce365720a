import assert from "node:assert/strict";
import { test } from "node:test";
import { matching } from "./combobox.js";
import { sizeText } from "./file-drop.js";
import { complaint } from "./form.js";
import { agoText, clockText } from "./live-time.js";
import { strengthOf } from "./password.js";
import { zoneAmong } from "./timezone.js";

test("a countdown shows minutes and seconds, hours only when there are some, and never goes below zero", () => {
  assert.equal(clockText(0), "00:00");
  assert.equal(clockText(-5_000), "00:00");
  assert.equal(clockText(1), "00:01");
  assert.equal(clockText(59_000), "00:59");
  assert.equal(clockText(15 * 60_000), "15:00");
  assert.equal(clockText(3_600_000), "1:00:00");
  assert.equal(clockText(7_509_000), "2:05:09");
});

test("relative time picks the unit a person would", () => {
  const now = Date.UTC(2026, 10, 20, 18);
  const at = (seconds) => agoText(now + seconds * 1000, now, "en");
  assert.equal(at(0), "now");
  assert.equal(at(-30), "now");
  assert.equal(at(-50), "50 seconds ago");
  assert.equal(at(-100), "2 minutes ago");
  assert.equal(at(300), "in 5 minutes");
  assert.equal(at(-3600), "1 hour ago");
  assert.equal(at(-59.9 * 60), "1 hour ago");
  assert.equal(at(86_400), "tomorrow");
  assert.equal(at(-6 * 86_400), "6 days ago");
  assert.equal(at(-14 * 86_400), "2 weeks ago");
  assert.equal(at(-400 * 86_400), "last year");
  assert.match(agoText(now - 3_600_000, now, "ar"), /ساعة/);
});

test("a password is judged by its length and variety, and the usual suspects are weak", () => {
  assert.equal(strengthOf(""), "");
  assert.equal(strengthOf("abc"), "weak");
  assert.equal(strengthOf("aaaaaaaaaaaaaaaa"), "weak");
  assert.equal(strengthOf("Password1234!"), "weak");
  assert.equal(strengthOf("123456789012"), "weak");
  assert.equal(strengthOf("marigold7"), "fair");
  assert.equal(strengthOf("evergreen-42b"), "good");
  assert.equal(strengthOf("four calm green houses"), "strong");
  assert.equal(strengthOf("كلمة سر طويلة جدا للدرس"), "strong");
});

test("a field complains in the page's own words before the browser's", () => {
  const valid = { valid: true, valueMissing: false, tooShort: false, tooLong: false, customError: false };
  const bad = (what, dataset = {}) =>
    complaint({ validity: { ...valid, valid: false, ...what }, validationMessage: "browser", dataset });
  assert.equal(complaint({ validity: valid, validationMessage: "", dataset: {} }), "");
  assert.equal(bad({ customError: true }), "browser");
  assert.equal(bad({ valueMissing: true }, { missing: "Tell us your name." }), "Tell us your name.");
  assert.equal(bad({ tooShort: true }, { short: "Eight letters at least." }), "Eight letters at least.");
  assert.equal(bad({}, { wrong: "An address has an @." }), "An address has an @.");
});

test("options that begin with what was typed come first, whatever the accents and case", () => {
  const topics = ["Linear algebra", "Algebra", "Álgebra básica", "Piano", "Geometry"];
  assert.deepEqual(matching(topics, "alg"), ["Algebra", "Álgebra básica", "Linear algebra"]);
  assert.deepEqual(matching(topics, "  PIA "), ["Piano"]);
  assert.deepEqual(matching(topics, "zzz"), []);
  assert.equal(matching(topics, "", 3).length, 3);
});

test("sizes are short and in decimal units", () => {
  assert.equal(sizeText(0), "0 bytes");
  assert.equal(sizeText(1_536), "1.5 kB");
  assert.equal(sizeText(20_000_000), "20 MB");
});

test("the browser's zone is found in the list, also under the name it had or has", () => {
  const zones = ["UTC", "Asia/Karachi", "Asia/Kolkata", "Europe/Kiev"];
  assert.equal(zoneAmong(zones, "Asia/Karachi"), "Asia/Karachi");
  assert.equal(zoneAmong(zones, "Asia/Calcutta"), "Asia/Kolkata");
  assert.equal(zoneAmong(zones, "Europe/Kyiv"), "Europe/Kiev");
  assert.equal(zoneAmong(zones, "Mars/Base"), undefined);
});
