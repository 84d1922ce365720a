// The device check: see yourself, hear your microphone move its meter, try the loudspeaker; and when something does
// not come, its cause and the fix in plain words. Nothing here is a barrier: one can go on without either device.

import { Meter, acquire, chime, fill, keepChoice, list, readChoice } from "./devices.js";
import { wordsOf } from "./words.js";

export default function start(root) {
  const t = wordsOf(root);
  const choice = readChoice();
  const part = (name) => root.querySelector(`[data-${name}]`);
  const video = part("preview");
  const meter = part("level");
  let meterOf = null;
  const tracks = { camera: null, microphone: null };
  let heard = 0;

  root.hidden = false;

  async function bring(kind) {
    tracks[kind]?.stop();
    tracks[kind] = null;
    if (!choice[`${kind}On`]) return tell(kind, "off");
    tell(kind, "asking");
    const { track, cause } = await acquire(kind, choice);
    tracks[kind] = track;
    if (!track) return tell(kind, cause);
    track.addEventListener("ended", () => {
      tracks[kind] = null;
      tell(kind, "unplugged");
      show();
    });
    tell(kind, "works", track.label);
  }

  /** Says how a device is. Every cause has a sentence for what happened and one for what to do. */
  function tell(kind, state, label) {
    const box = part(`${kind}-state`);
    box.dataset.state = state;
    box.querySelector("[data-what]").textContent = t(`${kind}.${state}`, { device: label ?? "" });
    const fix = box.querySelector("[data-fix]");
    const words = state === "works" || state === "asking" ? "" : t(`${kind}.${state}.fix`);
    fix.textContent = words;
    fix.hidden = !words;
    box.querySelector("[data-again]").hidden = ["works", "asking", "off"].includes(state);
  }

  function show() {
    video.srcObject = tracks.camera ? new MediaStream([tracks.camera]) : null;
    part("no-picture").hidden = Boolean(tracks.camera);
    meterOf?.stop();
    meterOf = null;
    meter.value = 0;
    part("level-source").textContent = tracks.microphone ? t("level.source", { device: tracks.microphone.label }) : t("level.none");
    if (!tracks.microphone) return;
    heard = 0;
    meterOf = new Meter(tracks.microphone, (level) => {
      meter.value = level;
      if (level > 0.04) heard += 1;
      if (heard === 5) part("level-source").textContent = t("level.heard", { device: tracks.microphone.label });
    });
  }

  async function devices() {
    const found = await list().catch(() => ({ camera: [], microphone: [], speaker: [] }));
    for (const kind of ["camera", "microphone", "speaker"]) {
      const current = kind === "speaker" ? choice.speaker : tracks[kind]?.getSettings().deviceId ?? choice[kind];
      fill(part(`choose-${kind}`), found[kind], current, t(`${kind}.unnamed`));
    }
    part("speaker-box").hidden = found.speaker.length < 2 || !("setSinkId" in HTMLMediaElement.prototype);
  }

  async function all() {
    // One after the other: browsers show one question at a time anyway.
    await bring("microphone");
    await bring("camera");
    show();
    await devices();
    root.dataset.checked = "yes";
  }

  for (const kind of ["camera", "microphone"]) {
    part(`choose-${kind}`).addEventListener("change", async (event) => {
      choice[kind] = event.target.value;
      keepChoice(choice);
      await bring(kind);
      show();
    });
    const without = part(`with-${kind}`);
    without.checked = choice[`${kind}On`];
    without.addEventListener("change", async () => {
      choice[`${kind}On`] = without.checked;
      keepChoice(choice);
      await bring(kind);
      show();
    });
    part(`${kind}-state`).querySelector("[data-again]").addEventListener("click", async () => {
      await bring(kind);
      show();
      await devices();
    });
  }
  part("choose-speaker").addEventListener("change", (event) => {
    choice.speaker = event.target.value;
    keepChoice(choice);
  });
  part("try-speaker").addEventListener("click", () => chime([523, 659, 784], choice.speaker));
  const original = part("original");
  original.checked = choice.original;
  original.addEventListener("change", async () => {
    choice.original = original.checked;
    keepChoice(choice);
    await bring("microphone");
    show();
  });
  navigator.mediaDevices?.addEventListener?.("devicechange", devices);
  addEventListener("pagehide", () => {
    tracks.camera?.stop();
    tracks.microphone?.stop();
    meterOf?.stop();
  });
  all();
}
