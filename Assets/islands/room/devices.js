// Cameras, microphones and loudspeakers: asking for them, keeping the choice, and saying in plain words why one does
// not come and what to do about it.

const KEY = "room.devices";

/** @typedef {{camera?: string, microphone?: string, speaker?: string, cameraOn: boolean, microphoneOn: boolean, original: boolean}} Choice */

/** @returns {Choice} */
export function readChoice(store = globalThis.localStorage) {
  try {
    return { cameraOn: true, microphoneOn: true, original: false, ...JSON.parse(store.getItem(KEY) ?? "{}") };
  } catch {
    return { cameraOn: true, microphoneOn: true, original: false };
  }
}

export function keepChoice(choice, store = globalThis.localStorage) {
  try {
    store.setItem(KEY, JSON.stringify(choice));
  } catch {
    // Private windows may refuse; the choice then lasts for this page.
  }
}

/** What went wrong, as one of a few causes that each have their own words and their own fix. */
export function causeOf(error) {
  switch (error?.name) {
    case "NotAllowedError":
    case "PermissionDeniedError":
      return /system/i.test(error.message ?? "") ? "denied_by_system" : "denied";
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "DevicesNotFoundError":
      return "missing";
    case "NotReadableError":
    case "TrackStartError":
    case "AbortError":
      return "busy";
    case "OverconstrainedError":
    case "ConstraintNotSatisfiedError":
      return "unsuitable";
    case "InsecureContextError":
      return "insecure";
    default:
      return "unknown";
  }
}

/** Constraints of the microphone. "Original sound" leaves music as it is: no processing at all, still one channel. */
export function audioConstraints({ microphone, original }) {
  const processed = !original;
  return {
    ...(microphone ? { deviceId: { exact: microphone } } : {}),
    echoCancellation: processed,
    noiseSuppression: processed,
    autoGainControl: processed,
    channelCount: { ideal: 1 },
  };
}

export function videoConstraints({ camera }) {
  return {
    ...(camera ? { deviceId: { exact: camera } } : { facingMode: "user" }),
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30, max: 30 },
  };
}

async function ask(constraints) {
  if (!globalThis.isSecureContext || !navigator.mediaDevices?.getUserMedia) {
    throw Object.assign(new Error("no secure context"), { name: "InsecureContextError" });
  }
  return navigator.mediaDevices.getUserMedia(constraints);
}

/**
 * One kind at a time, so that a missing camera does not take the microphone with it. A remembered device that is no
 * longer there gives way to any other.
 * @param {"camera"|"microphone"} kind
 * @returns {Promise<{track: MediaStreamTrack|null, cause: string|null}>}
 */
export async function acquire(kind, choice) {
  const one = (with_) =>
    kind === "camera" ? ask({ video: videoConstraints(with_) }) : ask({ audio: audioConstraints(with_) });
  try {
    let stream;
    try {
      stream = await one(choice);
    } catch (error) {
      if (!choice[kind] || !["unsuitable", "missing"].includes(causeOf(error))) throw error;
      stream = await one({ ...choice, [kind]: undefined });
    }
    return { track: stream.getTracks()[0], cause: null };
  } catch (error) {
    return { track: null, cause: causeOf(error) };
  }
}

/** The devices there are, by kind. Labels are empty until one was allowed. */
export async function list() {
  const kinds = { camera: [], microphone: [], speaker: [] };
  const found = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  for (const { kind, deviceId, label } of found) {
    const name = { videoinput: "camera", audioinput: "microphone", audiooutput: "speaker" }[kind];
    if (name && deviceId) kinds[name].push({ id: deviceId, label });
  }
  return kinds;
}

/** Fills a `select` with devices and keeps the chosen one. Hidden when there is no choice to make. */
export function fill(select, devices, chosen, unnamed) {
  if (!select) return;
  select.replaceChildren(
    ...devices.map(({ id, label }, n) => {
      const option = document.createElement("option");
      option.value = id;
      option.textContent = label || `${unnamed} ${n + 1}`;
      option.selected = id === chosen;
      return option;
    }),
  );
  select.disabled = devices.length === 0;
}

/** Sound level of a track, 0 to 1, as root mean square on a scale that a voice fills. */
export class Meter {
  constructor(track, show) {
    const Context = globalThis.AudioContext ?? globalThis.webkitAudioContext;
    if (!Context) return;
    this.context = new Context();
    this.source = this.context.createMediaStreamSource(new MediaStream([track]));
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 1024;
    this.source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = setInterval(() => {
      if (this.context.state === "suspended") this.context.resume().catch(() => {});
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const s of samples) sum += s * s;
      show(Math.min(1, Math.sqrt(sum / samples.length) * 4));
    }, 100);
  }

  stop() {
    clearInterval(this.timer);
    this.context?.close().catch(() => {});
  }
}

/** Two soft notes, made on the spot. Browsers stay silent until the page was touched; that is no error. */
export async function chime(notes = [660, 880], sink) {
  const Context = globalThis.AudioContext ?? globalThis.webkitAudioContext;
  if (!Context) return;
  const context = new Context();
  try {
    if (sink && context.setSinkId) await context.setSinkId(sink).catch(() => {});
    const start = context.currentTime + 0.05;
    notes.forEach((frequency, n) => {
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = frequency;
      const at = start + n * 0.22;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.2, at + 0.03);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.4);
      tone.connect(volume).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.45);
    });
  } finally {
    setTimeout(() => context.close().catch(() => {}), notes.length * 220 + 800);
  }
}
