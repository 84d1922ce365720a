import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { sha256, solve } from "./work.js";

test("the hash is SHA-256, whatever the length", () => {
  for (const length of [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 200, 1000]) {
    const message = Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 255);
    assert.equal(Buffer.from(sha256(message)).toString("hex"), createHash("sha256").update(message).digest("hex"));
  }
});

test("every riddle's hash begins with the zeros that were asked for", async () => {
  const challenge = "1790000000.10.register.00112233445566778899aabb.0123456789abcdef0123456789abcdef";
  const proof = await solve(challenge, 8, 10);
  const [head, numbers] = proof.split(":");
  assert.equal(head, challenge);
  const seed = createHash("sha256").update(challenge).digest();
  assert.equal(numbers.split(",").length, 8);
  numbers.split(",").forEach((number, index) => {
    const tail = Buffer.alloc(8);
    tail.writeUInt32BE(index);
    tail.writeUInt32BE(Number(number), 4);
    const hash = createHash("sha256").update(Buffer.concat([seed, tail])).digest();
    assert.ok(Math.clz32(hash.readUInt32BE()) >= 10);
  });
});
