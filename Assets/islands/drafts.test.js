import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

/** A browser's store, as far as drafts need one: its keys are its own properties. */
function store() {
  return Object.create({
    getItem(key) {
      return Object.hasOwn(this, key) ? this[key] : null;
    },
    setItem(key, value) {
      this[key] = String(value);
    },
    removeItem(key) {
      delete this[key];
    },
  });
}

globalThis.location = { pathname: "/account", search: "?step=2" };
globalThis.document = { title: "Account", body: { dataset: {} } };
globalThis.localStorage = store();
globalThis.sessionStorage = store();
const drafts = await import("./drafts.js");
const day = 86_400_000;

beforeEach(() => {
  globalThis.localStorage = store();
  globalThis.sessionStorage = store();
  document.body.dataset.user = "ada";
});

test("what somebody signed in wrote stays on the device, and says where it belongs", () => {
  drafts.keep("account", { goals: ["Integrals"] }, 1000);
  assert.deepEqual(drafts.read("account", 2000), { words: { goals: ["Integrals"] }, at: 1000, path: "/account?step=2", title: "Account" });
  assert.equal(Object.keys(sessionStorage).length, 0);
  drafts.drop("account");
  assert.equal(drafts.read("account"), null);
});

test("a guest's words end with the tab", () => {
  document.body.dataset.user = "";
  drafts.keep("register", { name: ["Ada"] });
  assert.equal(Object.keys(localStorage).length, 0);
  assert.equal(Object.keys(sessionStorage).length, 1);
});

test("nobody reads another's words, and whoever comes next takes them away", () => {
  drafts.keep("account", { goals: ["Ada's own"] });
  document.body.dataset.user = "ben";
  assert.equal(drafts.read("account"), null);
  drafts.keep("account", { goals: ["Ben's own"] });
  drafts.forgetOthers();
  assert.deepEqual(Object.keys(localStorage), ["draft:ben:account"]);
  drafts.forget();
  assert.deepEqual(Object.keys(localStorage), []);
});

test("after a month words are forgotten", () => {
  drafts.keep("account", { goals: ["old"] }, 0);
  assert.notEqual(drafts.read("account", 29 * day), null);
  assert.equal(drafts.read("account", 31 * day), null);
  drafts.forgetOthers(31 * day);
  assert.deepEqual(Object.keys(localStorage), []);
});

test("whether a form went off is told once, and not when nothing arrived", () => {
  drafts.keep("account", { goals: ["x"] });
  drafts.markSent("account");
  assert.equal(drafts.takeSent("account"), true);
  assert.equal(drafts.takeSent("account"), false);
  drafts.markSent("account");
  drafts.nothingArrived();
  assert.equal(drafts.takeSent("account"), false);
  assert.notEqual(drafts.read("account"), null);
});

test("all drafts are named, newest first, and what is no draft is passed over", () => {
  drafts.keep("one", { a: ["1"] }, 1);
  drafts.keep("two", { a: ["2"] }, 2);
  localStorage.setItem("draft:ada:broken", "{");
  localStorage.setItem("theme", "dark");
  drafts.markSent("one");
  assert.deepEqual(drafts.all(3).map((one) => one.at), [2, 1]);
});

test("a store that is full costs the draft and never the form", () => {
  globalThis.localStorage = Object.create({ setItem() { throw new Error("full"); }, getItem: () => null });
  assert.doesNotThrow(() => drafts.keep("account", { goals: ["x"] }));
});
