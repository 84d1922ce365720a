import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";
import { asker, inZone } from "./embed-frame.js";

const source = readFileSync(new URL("./widget.js", import.meta.url), "utf8");

test("the frame answers nobody but the page that holds it, may, and has asked", () => {
  const around = {};
  const ask = (changes, allowed = "https://school.example https://other.example:8443") =>
    asker({ source: around, origin: "https://school.example", data: { tutalink: "hello" }, ...changes }, around, "https://site.example", allowed);
  assert.equal(ask({}), "https://school.example");
  assert.equal(ask({ origin: "https://other.example:8443" }), "https://other.example:8443");
  assert.equal(ask({ origin: "https://site.example" }, ""), "https://site.example");
  assert.equal(ask({ origin: "https://any.example" }, "*"), "https://any.example");
  for (const origin of ["https://evil.example", "https://school.example.evil.example", "http://school.example", "null", "", "https://school.example:444"]) {
    assert.equal(ask({ origin }), null, origin);
  }
  assert.equal(ask({ origin: "null" }, "*"), null);
  assert.equal(ask({ source: {} }), null);
  for (const data of [null, undefined, "hello", {}, { tutalink: "height" }, { tutalink: 1 }]) assert.equal(ask({ data }), null);
});

test("times are shown in the reader's zone, once", () => {
  assert.equal(inZone("https://s.example/embed/tutors/a?accent=112233", "UTC", "Asia/Karachi"), "https://s.example/embed/tutors/a?accent=112233&zone=Asia%2FKarachi");
  assert.equal(inZone("https://s.example/embed/tutors/a?zone=Mars%2FBase", "UTC", "Asia/Karachi"), null);
  assert.equal(inZone("https://s.example/embed/tutors/a", "UTC", "UTC"), null);
  assert.equal(inZone("https://s.example/embed/tutors/a", "UTC", undefined), null);
});

test("the widget is smaller than five thousand bytes, as it is", () => {
  assert.ok(Buffer.byteLength(source) < 5000, `${Buffer.byteLength(source)} bytes`);
});

/** A page of another site, as much of one as the widget touches. */
function school(links) {
  class Element {
    constructor() { this.dataset = {}; this.style = {}; this.attributes = {}; this.listeners = {}; this.after = (one) => (this.next = one); }
    setAttribute(name, value) { this.attributes[name] = value; }
    addEventListener(name, heard) { this.listeners[name] = heard; }
    append(...all) { this.held = all; }
    get contentWindow() { return (this.window ??= { said: [], postMessage(data, to) { this.said.push([data, to]); } }); }
  }
  class HTMLElement extends Element {}
  class HTMLAnchorElement extends HTMLElement {}
  class HTMLScriptElement extends HTMLElement {}
  const script = Object.assign(new HTMLScriptElement(), { src: "https://site.example/embed/widget.js" });
  const places = links.map(({ href, ...dataset }) =>
    Object.assign(href ? new HTMLAnchorElement() : new HTMLElement(), { href, dataset, textContent: " Book " }));
  let heard;
  const world = {
    HTMLElement, HTMLAnchorElement, HTMLScriptElement, URL, Intl, Math, Number, Object, encodeURIComponent,
    document: { currentScript: script, readyState: "complete", querySelectorAll: () => places, createElement: () => new HTMLElement() },
    addEventListener: (name, listener) => name === "message" && (heard = listener),
  };
  vm.runInNewContext(source, world);
  return { places, tell: (event) => heard(event) };
}

test("only links to this site's tutors become frames, with their choices in the address", () => {
  const { places } = school([
    { href: "https://site.example/tutors/amal", accent: "aa3300", theme: "dark", lang: "ar", evil: "x" },
    { href: "https://site.example/tutors?subject=piano" },
    { tutor: "a b/../c" },
    { href: "https://evil.example/tutors/amal" }, { href: "https://site.example/dashboard" }, { href: "https://site.example/tutors/a/book" },
    { href: "javascript:alert(1)" },
  ]);
  const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone);
  assert.equal(places[0].next.src, `https://site.example/embed/tutors/amal?accent=aa3300&theme=dark&lang=ar&zone=${zone}`);
  assert.equal(places[0].next.title, "Book");
  assert.equal(places[1].next.src, `https://site.example/embed/tutors?subject=piano&zone=${zone}`);
  assert.equal(places[2].held[0].src, `https://site.example/embed/tutors/a%20b%2F..%2Fc?zone=${zone}`);
  for (const place of places.slice(3)) assert.equal(place.next, undefined, place.href);
});

test("the widget believes the frame it made, on its own site, and no other", () => {
  const { places, tell } = school([{ href: "https://site.example/tutors/amal" }]);
  const frame = places[0].next;
  frame.listeners.load();
  assert.deepEqual(JSON.stringify(frame.contentWindow.said), JSON.stringify([[{ tutalink: "hello" }, "https://site.example"]]));
  const height = (changes) => {
    tell({ origin: "https://site.example", source: frame.contentWindow, data: { tutalink: "height", height: 512.2 }, ...changes });
    return frame.style.height;
  };
  assert.equal(height({ origin: "https://evil.example" }), "1px");
  assert.equal(height({ source: {} }), "1px");
  for (const data of [null, "x", { tutalink: "height" }, { tutalink: "height", height: "900" }, { tutalink: "height", height: Infinity }, { height: 900 }]) {
    assert.equal(height({ data }), "1px");
  }
  assert.equal(places[0].style.display, undefined, "the link stands until the frame has spoken");
  assert.equal(height({}), "513px");
  assert.equal(places[0].style.display, "none");
  assert.equal(height({ data: { tutalink: "height", height: 1e9 } }), "9000px");
  assert.equal(height({ data: { tutalink: "height", height: -5 } }), "60px");
});
