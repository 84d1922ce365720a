/**
 * The work a public form asks of a browser instead of a riddle of its reader (Sources/Kits/Captcha/Work.swift). It begins
 * when the form is first used, in slices that leave the page alive, and is told as a status. A form sent before it is
 * done goes by itself when it is.
 * @param {HTMLElement} element
 */
export default function work(element) {
  const form = element.closest("form");
  const field = /** @type {HTMLInputElement | null} */ (element.querySelector('input[name="captcha"]'));
  const note = element.querySelector('[role="status"]');
  const { challenge, bits, count, working, done } = element.dataset;
  if (!form || !field || !challenge) return;

  /** @type {Promise<string> | undefined} */
  let proof;
  /** @type {HTMLElement | null | undefined} */
  let sender;
  const begin = () => {
    proof ??= solve(challenge, Number(count), Number(bits)).then((value) => {
      field.value = value;
      if (note && sender !== undefined) note.textContent = done ?? "";
      return value;
    });
    return proof;
  };
  form.addEventListener("focusin", begin, { once: true });
  // Before the form's other listeners: what is not sent yet must not be taken for sent.
  form.addEventListener(
    "submit",
    (event) => {
      if (field.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const isFirst = sender === undefined;
      sender = /** @type {SubmitEvent} */ (event).submitter;
      if (note) note.textContent = working ?? "";
      begin().then((value) => {
        // A form that was emptied meanwhile has its proof all the same.
        field.value = value;
        const button = sender ?? undefined;
        // Not while this very event is still told: a form that is being sent is not sent again.
        if (isFirst) setTimeout(() => form.requestSubmit(button));
        sender = undefined;
      });
    },
    { capture: true },
  );
}

/**
 * @param {string} challenge
 * @param {number} count How many riddles.
 * @param {number} bits How many zero bits each.
 * @returns {Promise<string>}
 */
export async function solve(challenge, count, bits) {
  const seed = words(sha256(new TextEncoder().encode(challenge)));
  const numbers = [];
  let pause = performance.now() + 12;
  for (let index = 0; index < count; index++) {
    for (let number = 0; ; number++) {
      if (Math.clz32(riddle(seed, index, number)) >= bits) {
        numbers.push(number);
        break;
      }
      if ((number & 1023) === 0 && performance.now() > pause) {
        await new Promise((resolve) => setTimeout(resolve));
        pause = performance.now() + 12;
      }
    }
  }
  return `${challenge}:${numbers.join(",")}`;
}

// SHA-256 (FIPS 180-4), for the browser's own is asynchronous for each hash, and absent where a site has no TLS.

const K = new Int32Array(64);
const START = new Int32Array(8);
{
  let at = 0;
  for (let n = 2; at < 64; n++) {
    let isPrime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
    if (!isPrime) continue;
    if (at < 8) START[at] = (Math.sqrt(n) % 1) * 2 ** 32;
    K[at++] = (Math.cbrt(n) % 1) * 2 ** 32;
  }
}
const W = new Int32Array(64);
const H = new Int32Array(8);

/** One block, whose sixteen words stand in `W`, into `H`. */
function mix() {
  for (let t = 16; t < 64; t++) {
    const a = W[t - 15];
    const b = W[t - 2];
    W[t] =
      (((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3)) +
      W[t - 7] +
      (((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10)) +
      W[t - 16];
  }
  let [a, b, c, d, e, f, g, h] = H;
  for (let t = 0; t < 64; t++) {
    const one =
      (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + ((e & f) ^ (~e & g)) + K[t] + W[t]) | 0;
    const two = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  H[0] += a;
  H[1] += b;
  H[2] += c;
  H[3] += d;
  H[4] += e;
  H[5] += f;
  H[6] += g;
  H[7] += h;
}

/**
 * The first word of SHA-256(seed ‖ index ‖ number): forty bytes, one block.
 * @param {Int32Array} seed
 * @param {number} index
 * @param {number} number
 */
function riddle(seed, index, number) {
  W.set(seed);
  W[8] = index;
  W[9] = number;
  W[10] = 0x80000000;
  W.fill(0, 11, 15);
  W[15] = 320;
  H.set(START);
  mix();
  return H[0];
}

/**
 * @param {Uint8Array} message
 * @returns {Uint8Array}
 */
export function sha256(message) {
  const blocks = (message.length + 72) >> 6;
  const padded = new DataView(new ArrayBuffer(blocks * 64));
  new Uint8Array(padded.buffer).set(message);
  padded.setUint8(message.length, 0x80);
  padded.setUint32(blocks * 64 - 4, message.length * 8);
  H.set(START);
  for (let block = 0; block < blocks; block++) {
    for (let t = 0; t < 16; t++) W[t] = padded.getInt32(block * 64 + t * 4);
    mix();
  }
  const hash = new DataView(new ArrayBuffer(32));
  H.forEach((word, at) => hash.setInt32(at * 4, word));
  return new Uint8Array(hash.buffer);
}

/** @param {Uint8Array} bytes */
function words(bytes) {
  const view = new DataView(bytes.buffer);
  return Int32Array.from({ length: bytes.length / 4 }, (_, at) => view.getInt32(at * 4));
}
