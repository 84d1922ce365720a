// The room of a lesson: one page from the door to the end.
//
// Parts: `socket.js` brings the server's word and comes back by itself, `people.js` keeps who is here, `link.js` carries
// sound and picture to the other seat, `quality.js` watches it, `chat.js` keeps the written word, `devices.js` asks for
// camera and microphone. This file joins them to the page, and holds no rule of its own that could be a pure one.
//
// Who comes in offers; who is inside waits for the offer. Nothing is required: without camera and microphone one can
// still see, hear and write.

import { Panel } from "./chat.js";
import { LessonClock, figures } from "./clock.js";
import { acquire, chime, fill, keepChoice, list, readChoice } from "./devices.js";
import { CAMERA, Link, SCREEN } from "./link.js";
import { isInside, knocking, mediaOf, otherOf, place } from "./people.js";
import { BUDGET, Ladder, RUNGS, Summary, between, grade, sample } from "./quality.js";
import { RoomSocket } from "./socket.js";
import { wordsOf } from "./words.js";

export default function start(root) {
  return new LessonRoom(root).open();
}

class LessonRoom {
  constructor(root) {
    this.root = root;
    this.t = wordsOf(root);
    this.code = root.dataset.code;
    this.role = root.dataset.role;
    this.choice = readChoice();
    this.tracks = { camera: null, microphone: null, screen: null };
    this.seats = [];
    this.me = null;
    this.clock = new LessonClock();
    this.ladder = new Ladder();
    this.summary = new Summary();
    this.word = "unknown";
    this.title = document.title;
    this.silent = 0;
  }

  part(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  parts(name) {
    return this.root.querySelectorAll(`[data-${name}]`);
  }

  open() {
    this.phase("starting");
    this.panel = new Panel(this.part("chat"), {
      me: () => this.me?.seat,
      nameOf: (seat) => this.seats.find((s) => s.seat === seat)?.name ?? "",
      send: (message) => {
        this.link?.whisper(JSON.stringify(message));
        this.socket.send("chat_message", message);
      },
      words: this.t,
      zone: zoneOfReader(),
      unread: (message) => this.chatArrived(message),
    });
    this.wire();
    const address = new URL(`/ws/session/${this.code}/`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new RoomSocket(address.href, {
      message: (type, data) => this.hear(type, data),
      state: (state) => this.lineChanged(state),
    });
    // The devices and the line are asked for side by side; neither waits for the other.
    this.ready = this.bringDevices();
    this.socket.connect();
    this.ticking = setInterval(() => this.tick(), 500);
    this.watching = setInterval(() => this.watch(), 2_000);
    this.root.lessonRoom = this;
    return this;
  }

  // MARK: What the server says

  hear(type, data) {
    switch (type) {
      case "welcome":
        return this.welcomed(data);
      case "join":
        this.seats = place(this.seats, data.seat);
        if (data.seat.seat !== this.me?.seat) this.otherCame(data.seat);
        break;
      case "leave":
        this.seats = place(this.seats, data.seat);
        this.otherWent(data.seat, data.reason);
        break;
      case "knock":
        this.seats = place(this.seats, data.seat);
        if (data.seat.seat === this.me?.seat) {
          this.me = { ...this.me, ...data.seat };
          if (this.now !== "inside") this.phase("waiting");
        } else this.knocked(data.seat);
        break;
      case "admitted":
        this.seats = place(this.seats, data.seat);
        if (data.seat.seat === this.me?.seat) {
          this.me = { ...this.me, ...data.seat };
          this.comeIn();
        } else this.otherCame(data.seat);
        break;
      case "denied":
        this.seats = place(this.seats, data.seat);
        if (data.seat.seat === this.me?.seat) {
          this.me = { ...this.me, ...data.seat };
          this.phase("denied");
        }
        break;
      case "offer":
      case "answer":
      case "ice_candidate":
        return this.ready.then(() => this.linkTo(data.from)?.hear(type, data));
      case "chat_message": {
        const { gap } = this.panel.hear(data);
        if (gap) this.askFor();
        return;
      }
      case "media_state":
        return this.otherMedia(data);
      case "timer":
        this.clock.hear(data, this.socket.askedAt);
        this.showTroubles(data.troubles);
        return this.tick();
      case "ended":
        return this.ended();
      case "error":
        return this.refused(data);
    }
    this.showPeople();
  }

  welcomed({ you, seats, state, ice_servers, log_after }) {
    const came = this.me?.resume;
    // What was said before this page came is history, not news.
    if (!came) this.history = log_after;
    this.me = you;
    this.seats = seats.map((s) => ({ ...s, media: this.seats.find((o) => o.seat === s.seat)?.media }));
    this.ice = ice_servers;
    this.clock.hear(state);
    this.showTroubles(state.troubles);
    const held = came ?? this.heldToken();
    this.keepToken(you.resume);
    this.socket.sendNow("resume", { seat: held ?? null, after: this.panel.log.last });
    for (const message of this.panel.unconfirmed) this.socket.send("chat_message", { client_id: message.client_id, text: message.text });
    for (const seat of knocking(this.seats)) if (this.role === "tutor") this.knocked(seat);
    if (you.standing === "inside") this.comeIn();
    else this.phase(you.standing === "denied" ? "denied" : "waiting");
    this.showPeople();
  }

  comeIn() {
    const first = this.now !== "inside";
    this.phase("inside");
    if (first) {
      this.say(this.t("you_are_in"));
      if (this.role === "learner") this.call(this.t("title.admitted"), true);
    }
    const other = otherOf(this.seats, this.me.seat);
    if (!isInside(other)) return;
    this.ready.then(() => {
      const link = this.linkTo(other.seat);
      if (!link) return;
      if (link.pc) link.revive();
      else link.start();
      this.tellMedia();
    });
  }

  otherCame(seat) {
    if (!isInside(seat)) return;
    this.say(this.t("came", { name: seat.name }));
    this.note(null);
    if (this.now !== "inside") return;
    this.tellMedia();
    this.ready.then(() => {
      const link = this.linkTo(seat.seat);
      if (link?.pc) link.revive();
      // Who came in offers. Should that offer never come, make one.
      clearTimeout(this.fallback);
      this.fallback = setTimeout(() => {
        if (this.now === "inside" && isInside(otherOf(this.seats, this.me.seat)) && !this.link?.pc) this.link?.start();
      }, 5_000);
    });
  }

  otherWent(seat, reason) {
    if (seat.seat === this.me?.seat) return;
    const words = this.t(reason === "left" ? "went" : reason === "expired" ? "went" : "lost_them", { name: seat.name });
    this.say(words);
    if (reason === "lost") {
      if (this.link?.pc && this.link.connected) return;
      this.note(words);
      return;
    }
    this.note(null);
    this.link?.drop();
    this.link = null;
    this.showTracks(null);
  }

  refused({ code, message }) {
    if (code === "resume_refused") return;
    this.note(message, 6_000);
    this.say(message);
  }

  ended() {
    this.phase("ended");
    this.shut();
    location.assign(this.root.dataset.ended);
  }

  lineChanged(state) {
    if (this.now === "ended" || this.now === "left") return;
    this.root.dataset.line = state;
    if (state === "open") {
      if (this.lineLost) {
        this.note(this.t("back_again"), 3_000);
        this.say(this.t("back_again"));
      }
      this.lineLost = false;
    } else if (state === "lost") {
      this.lineLost = true;
      this.note(this.t("line_lost"));
    } else if (state === "taken_over") {
      this.shut();
      this.phase("elsewhere");
    } else if (["signed_out", "forbidden", "no_room"].includes(state)) {
      this.shut();
      this.phase("refused");
      this.part("refusal").textContent = this.t(state);
    } else if (state === "left" && this.now !== "left") {
      // The server closed properly: the lesson is over or the seat was given up.
      this.ended();
    }
  }

  askFor() {
    if (this.asking) return;
    this.asking = setTimeout(() => {
      this.asking = null;
      this.socket.sendNow("resume", { seat: this.me?.resume, after: this.panel.log.last });
    }, 300);
  }

  heldToken() {
    try {
      return sessionStorage.getItem(`room.${this.code}`);
    } catch {
      return null;
    }
  }

  keepToken(token) {
    try {
      sessionStorage.setItem(`room.${this.code}`, token);
    } catch {
      // The seat is then kept for this page only.
    }
  }

  // MARK: Media

  linkTo(seat) {
    if (!this.me || this.now !== "inside" || seat === undefined) return null;
    if (this.link?.seat === seat) return this.link;
    this.link?.drop();
    const link = new Link({
      polite: this.role !== "tutor",
      ice: this.ice ?? [],
      policy: this.root.dataset.icePolicy || "all",
      send: (type, data) => this.socket.send(type, { to: seat, ...data }),
      state: (state) => this.linkChanged(state),
      tracks: (tracks) => this.showTracks(tracks),
      early: (text) => this.heardEarly(seat, text),
      local: () => this.onLines(),
    });
    link.seat = seat;
    this.link = link;
    this.fit();
    return link;
  }

  /** What is sent now: sound, camera unless the link is too weak for it, screen. */
  onLines() {
    const camera = this.rung === "audio" ? null : this.tracks.camera;
    return [this.tracks.microphone, camera, this.tracks.screen];
  }

  heardEarly(seat, text) {
    try {
      const { client_id, text: words } = JSON.parse(text);
      if (typeof client_id === "string" && typeof words === "string" && words.length <= 4000)
        this.panel.hearEarly({ client_id, text: words, seat });
    } catch {
      // Not ours.
    }
  }

  async bringDevices() {
    await Promise.all([this.bring("microphone"), this.bring("camera")]);
    this.showSelf();
    this.showControls();
    await this.showDevices();
  }

  async bring(kind) {
    const turned = `${kind}On`;
    if (!this.choice[turned] && kind === "camera") return;
    const { track, cause } = await acquire(kind, this.choice);
    if (!track) {
      this.choice[turned] = false;
      this.trouble(kind, cause);
      return;
    }
    this.tracks[kind]?.stop();
    this.tracks[kind] = track;
    track.enabled = this.choice[turned];
    if (kind === "microphone" && this.choice.original) track.contentHint = "music";
    track.addEventListener("ended", () => this.tracks[kind] === track && this.reacquire(kind));
    track.addEventListener("mute", () =>
      setTimeout(() => this.tracks[kind] === track && track.muted && document.visibilityState === "visible" && this.reacquire(kind), 2_000),
    );
  }

  /** A device was unplugged, or taken by a telephone call: bring it, or another, back. */
  async reacquire(kind) {
    if (this.reacquiring?.[kind]) return;
    this.reacquiring = { ...this.reacquiring, [kind]: true };
    try {
      this.tracks[kind]?.stop();
      this.tracks[kind] = null;
      await this.bring(kind);
      await this.link?.refill();
      this.showSelf();
      this.showControls();
      this.tellMedia();
      if (this.tracks[kind]) this.note(this.t(`${kind}.again`, { device: this.tracks[kind].label }), 5_000);
    } finally {
      this.reacquiring[kind] = false;
    }
  }

  trouble(kind, cause) {
    const box = this.part("trouble");
    box.hidden = false;
    const line = box.querySelector(`[data-trouble-${kind}]`);
    line.hidden = false;
    line.querySelector("[data-what]").textContent = this.t(`${kind}.${cause}`);
    line.querySelector("[data-fix]").textContent = this.t(`${kind}.${cause}.fix`);
  }

  noTrouble(kind) {
    const box = this.part("trouble");
    box.querySelector(`[data-trouble-${kind}]`).hidden = true;
    box.hidden = [...box.querySelectorAll("[data-what]")].every((w) => w.closest("[data-line]").hidden);
  }

  async turn(kind, on) {
    this.choice[`${kind}On`] = on;
    keepChoice(this.choice);
    if (kind === "microphone" && this.tracks.microphone) this.tracks.microphone.enabled = on;
    else if (on) {
      await this.bring(kind);
      if (this.tracks[kind]) this.noTrouble(kind);
    } else {
      // A camera that is off is really off: its light goes out.
      this.tracks[kind]?.stop();
      this.tracks[kind] = null;
    }
    await this.link?.refill();
    this.showSelf();
    this.showControls();
    this.tellMedia();
    this.say(this.t(`${kind}.${this.isOn(kind) ? "now_on" : "now_off"}`));
  }

  isOn(kind) {
    return Boolean(this.tracks[kind] && this.tracks[kind].enabled);
  }

  async choose(kind, id) {
    this.choice[kind] = id;
    keepChoice(this.choice);
    if (kind === "speaker") return this.part("video-other").setSinkId?.(id);
    this.choice[`${kind}On`] = true;
    const before = this.tracks[kind];
    // Some systems open a device once only.
    before?.stop();
    this.tracks[kind] = null;
    await this.bring(kind);
    if (this.tracks[kind]) this.noTrouble(kind);
    await this.link?.refill();
    this.showSelf();
    this.showControls();
    this.tellMedia();
  }

  async setOriginal(on) {
    this.choice.original = on;
    keepChoice(this.choice);
    if (!this.tracks.microphone) return;
    this.tracks.microphone.stop();
    this.tracks.microphone = null;
    await this.bring("microphone");
    this.link?.limitTo(0, { maxBitrate: on ? 128_000 : 40_000 });
    await this.link?.refill();
    this.showControls();
    this.tellMedia();
  }

  async shareScreen() {
    if (this.tracks.screen) return this.stopScreen();
    let track;
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } }, audio: false });
      track = stream.getVideoTracks()[0];
    } catch (error) {
      // Changing one's mind is no error.
      if (error.name !== "NotAllowedError") this.note(this.t("screen.failed"), 6_000);
      return;
    }
    track.contentHint = "detail";
    track.addEventListener("ended", () => this.tracks.screen === track && this.stopScreen());
    this.tracks.screen = track;
    await this.link?.refill();
    this.say(this.t("screen.yours"));
    this.showControls();
    this.tellMedia();
  }

  async stopScreen() {
    this.tracks.screen?.stop();
    this.tracks.screen = null;
    await this.link?.refill();
    this.say(this.t("screen.yours_stopped"));
    this.showControls();
    this.tellMedia();
  }

  /** Tells the other end what it will see, and how much we can take. */
  tellMedia() {
    if (this.now !== "inside") return;
    this.socket.sendNow("media_state", {
      microphone: this.isOn("microphone"),
      camera: this.isOn("camera") && this.rung !== "audio",
      screen: Boolean(this.tracks.screen),
      original: this.choice.original,
      receive: this.ladder.rung,
    });
  }

  otherMedia(media) {
    const before = this.seats.find((s) => s.seat === media.from)?.media;
    this.seats = mediaOf(this.seats, media.from, media);
    const name = this.seats.find((s) => s.seat === media.from)?.name ?? "";
    if (media.screen && !before?.screen) this.say(this.t("screen.theirs", { name }));
    if (!media.screen && before?.screen) this.say(this.t("screen.theirs_stopped", { name }));
    this.fit();
    this.showPeople();
  }

  // MARK: The link

  linkChanged(state) {
    this.root.dataset.link = state;
    if (state === "connected") {
      this.previous = null;
      this.word = "good";
      this.note(null);
      this.tellMedia();
      this.play();
    } else if (state === "disconnected" || state === "failed") {
      this.word = "lost";
      this.note(this.t("link_lost"));
    }
    this.showNetwork();
    this.showPeople();
  }

  /** The lower of what our link bears and what the other end asked for. */
  get rung() {
    const asked = this.me ? otherOf(this.seats, this.me.seat)?.media?.receive : undefined;
    const mine = RUNGS.indexOf(this.ladder.rung);
    const theirs = RUNGS.includes(asked) ? RUNGS.indexOf(asked) : RUNGS.length - 1;
    return RUNGS[Math.min(mine, theirs)];
  }

  /** Sends what the rung allows. */
  fit() {
    const rung = this.rung;
    if (!this.link || this.fitted === `${this.link.name}/${rung}`) return;
    this.fitted = `${this.link.name}/${rung}`;
    this.link.tuned[SCREEN] = { maxBitrate: rung === "full" ? 2_000_000 : 400_000, maxFramerate: rung === "full" ? 30 : 5 };
    this.link.limitTo(CAMERA, BUDGET[rung] ?? BUDGET.low);
    this.link.refill();
    this.root.dataset.rung = rung;
  }

  async watch() {
    const link = this.link;
    if (!link?.pc || !link.connected) {
      this.previous = null;
      return;
    }
    const now = await sample(link.pc).catch(() => null);
    if (!now || link !== this.link) return;
    const before = this.previous;
    this.previous = now;
    if (!before) return;
    const rates = between(before, now);
    this.rates = rates;
    this.word = grade(rates, link.connected);
    this.summary.add(rates, this.word);
    const rung = this.ladder.rung;
    this.ladder.step(this.word);
    if (this.ladder.rung !== rung) this.rungChanged();
    this.fit();
    this.showNetwork();
    this.guardSound(rates);
    if (this.summary.taken.length >= 5) this.socket.sendNow("quality", this.summary.take(this.rung));
  }

  rungChanged() {
    this.tellMedia();
    const audio = this.ladder.rung === "audio";
    this.part("voice-only").hidden = !(audio && this.ladder.choice === "auto");
    if (this.ladder.choice === "auto") this.say(this.t(`rung.${this.ladder.rung}`));
    this.showPeople();
    this.showSelf();
  }

  /** Sound that should be there and is not: first the player, then the route. */
  guardSound(rates) {
    const other = otherOf(this.seats, this.me.seat);
    if (!other?.media?.microphone || rates.audioIn > 0) {
      this.silent = 0;
      return;
    }
    this.silent += 1;
    if (this.silent === 3) {
      const video = this.part("video-other");
      const stream = video.srcObject;
      video.srcObject = null;
      video.srcObject = stream;
      this.play();
    } else if (this.silent === 6) {
      this.silent = 0;
      this.link?.restart();
    }
  }

  showTracks(tracks) {
    const video = this.part("video-other");
    const screen = this.part("video-screen");
    if (!tracks) {
      video.srcObject = screen.srcObject = null;
      return this.showPeople();
    }
    const [sound, camera, shared] = tracks;
    video.srcObject = new MediaStream([sound, camera].filter(Boolean));
    screen.srcObject = shared ? new MediaStream([shared]) : null;
    if (this.choice.speaker && video.setSinkId) video.setSinkId(this.choice.speaker).catch(() => {});
    this.play();
    this.showPeople();
  }

  /** Browsers may refuse to play sound before a touch; then one is asked for. */
  async play() {
    const video = this.part("video-other");
    if (!video.srcObject) return;
    this.part("video-screen").play().catch(() => {});
    try {
      await video.play();
      this.part("restore").hidden = true;
    } catch (error) {
      if (error.name === "NotAllowedError") this.part("restore").hidden = false;
    }
  }

  // MARK: The page

  wire() {
    const press = (name, act) => this.part(name)?.addEventListener("click", act);
    press("control-microphone", () => this.turn("microphone", !this.isOn("microphone")));
    press("control-camera", () => this.turn("camera", !this.isOn("camera")));
    press("control-screen", () => this.shareScreen());
    press("control-chat", () => this.showChat(this.root.dataset.panel !== "chat"));
    press("close-chat", () => this.showChat(false));
    press("control-settings", async () => {
      await this.showDevices();
      this.part("settings").showModal();
    });
    press("control-leave", () => this.part("leaving").showModal());
    press("leave-now", () => this.leave());
    press("end-now", () => {
      this.socket.send("ended", {});
    });
    press("knock-again", () => this.socket.send("knock", {}));
    press("use-here", () => location.reload());
    press("restore", () => this.play());
    // It may also begin by itself, once the page was touched anywhere.
    this.part("video-other").addEventListener("playing", () => (this.part("restore").hidden = true));
    press("video-anyway", () => this.chooseRung("full"));
    for (const [kind, name] of [["camera", "camera"], ["microphone", "microphone"]]) {
      press(`trouble-${kind}-again`, () => this.turn(name, true));
    }
    for (const dialog of this.root.querySelectorAll("dialog")) {
      dialog.addEventListener("click", (event) => {
        if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
      });
    }
    for (const kind of ["camera", "microphone", "speaker"]) {
      this.part(`choose-${kind}`)?.addEventListener("change", (event) => this.choose(kind, event.target.value));
    }
    this.part("original").checked = this.choice.original;
    this.part("original").addEventListener("change", (event) => this.setOriginal(event.target.checked));
    this.part("rung").addEventListener("change", (event) => this.chooseRung(event.target.value));
    this.shortcuts = localFlag("room.shortcuts");
    this.part("shortcuts").checked = this.shortcuts;
    this.part("shortcuts").addEventListener("change", (event) => {
      this.shortcuts = event.target.checked;
      localFlag("room.shortcuts", this.shortcuts);
    });
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("visibilitychange", () => this.visible());
    addEventListener("pageshow", () => this.visible());
    addEventListener("online", () => this.link?.networkChanged());
    /** @type {any} */ (navigator).connection?.addEventListener?.("change", () => this.link?.networkChanged());
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.showDevices());
  }

  key(event) {
    if (!this.shortcuts || event.ctrlKey || event.metaKey || event.altKey || event.repeat || this.now !== "inside") return;
    if (event.target.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
    const control = { m: "microphone", v: "camera", s: "screen", c: "chat" }[event.key.toLowerCase()];
    if (!control) return;
    event.preventDefault();
    this.part(`control-${control}`).click();
  }

  visible() {
    if (document.visibilityState !== "visible") return;
    this.call(null);
    this.play();
    for (const kind of ["camera", "microphone"]) {
      const track = this.tracks[kind];
      if (track && (track.readyState === "ended" || track.muted)) this.reacquire(kind);
    }
  }

  phase(name) {
    this.now = name;
    this.root.dataset.phase = name;
    for (const door of this.parts("door")) door.hidden = door.dataset.door !== name;
    for (const part of this.parts("inside")) part.hidden = name !== "inside";
    if (name === "waiting") {
      const tutorHere = this.seats.some((s) => s.role === "tutor" && s.here);
      this.part("waiting-told").hidden = !tutorHere;
      this.part("waiting-alone").hidden = tutorHere;
    }
    const heading = this.root.querySelector(`[data-door="${name}"] h2`);
    if (heading) this.say(heading.textContent);
  }

  showPeople() {
    const other = this.me ? otherOf(this.seats, this.me.seat) : null;
    if (this.now === "waiting") this.phaseWords();
    const inside = isInside(other);
    const media = other?.media;
    const tile = this.part("tile-other");
    const seen = Boolean(inside && this.link?.pc && media?.camera && this.root.dataset.link === "connected");
    tile.classList.toggle("no-video", !seen);
    this.part("other-muted").hidden = !(inside && media && !media.microphone);
    const words = !inside
      ? this.t(other?.standing === "waiting" && other.here ? "other.waiting" : "other.away", { name: other?.name ?? "" })
      : !this.link?.pc || this.root.dataset.link !== "connected"
        ? this.t("other.connecting", { name: other.name })
        : media?.receive === "audio" || !media?.camera
          ? this.t("other.no_camera", { name: other.name })
          : "";
    this.part("other-words").textContent = words;
    const screen = Boolean(inside && media?.screen);
    this.part("tile-screen").hidden = !screen;
    this.part("tiles").dataset.count = screen ? "3" : "2";
    if (this.role === "tutor") this.showKnocks();
  }

  phaseWords() {
    const tutorHere = this.seats.some((s) => s.role === "tutor" && s.here);
    if (this.part("waiting-told").hidden === tutorHere) {
      this.part("waiting-told").hidden = !tutorHere;
      this.part("waiting-alone").hidden = tutorHere;
      this.say((tutorHere ? this.part("waiting-told") : this.part("waiting-alone")).textContent);
    }
  }

  showKnocks() {
    const box = this.part("knocks");
    const waiting = knocking(this.seats);
    const shown = new Set();
    for (const seat of waiting) {
      shown.add(String(seat.seat));
      if (box.querySelector(`[data-knock="${seat.seat}"]`)) continue;
      const row = this.part("knock-template").content.firstElementChild.cloneNode(true);
      row.dataset.knock = seat.seat;
      row.querySelector("[data-knock-words]").textContent = this.t("knocks", { name: seat.name });
      row.querySelector("[data-admit]").addEventListener("click", () => this.socket.send("admitted", { seat: seat.seat }));
      row.querySelector("[data-deny]").addEventListener("click", () => this.socket.send("denied", { seat: seat.seat }));
      box.append(row);
    }
    for (const row of box.querySelectorAll("[data-knock]")) if (!shown.has(row.dataset.knock)) row.remove();
    if (waiting.length === 0) this.call(null);
  }

  knocked(seat) {
    if (this.role !== "tutor") return;
    const words = this.t("knocks", { name: seat.name });
    this.say(words);
    this.call(this.t("title.knock", { name: seat.name }), true);
  }

  /** Calls for attention: two notes, and a title that changes until the page is looked at. */
  call(words, sound = false) {
    clearInterval(this.flashing);
    document.title = this.title;
    if (sound) chime(undefined, this.choice.speaker).catch(() => {});
    if (!words) return;
    let on = false;
    const flash = () => {
      on = !on;
      document.title = on ? words : this.title;
    };
    flash();
    this.flashing = setInterval(flash, 1_000);
    if (document.visibilityState === "visible" && this.role === "learner") setTimeout(() => this.call(null), 3_000);
  }

  chatArrived(message) {
    const name = this.seats.find((s) => s.seat === message.seat)?.name ?? "";
    if (message.number && message.number <= this.history) return;
    if (this.root.dataset.panel !== "chat") {
      this.panel.missed += 1;
      this.showControls();
      // The log itself is a live region while it is shown.
      this.say(this.t("chat.from", { name, text: message.text }));
    }
  }

  showChat(on) {
    this.root.dataset.panel = on ? "chat" : "none";
    this.part("chat").hidden = !on;
    if (on) {
      this.panel.missed = 0;
      this.panel.list.scrollTop = this.panel.list.scrollHeight;
      this.panel.input.focus();
    } else if (this.part("chat").contains(document.activeElement) || document.activeElement === document.body) {
      this.part("control-chat").focus();
    }
    this.showControls();
  }

  showSelf() {
    const video = this.part("video-self");
    const camera = this.tracks.camera;
    if ((video.srcObject?.getVideoTracks()[0] ?? null) !== camera) video.srcObject = camera ? new MediaStream([camera]) : null;
    this.part("tile-self").classList.toggle("no-video", !camera);
  }

  showControls() {
    const set = (name, pressed, off, words) => {
      const button = this.part(`control-${name}`);
      button.setAttribute("aria-pressed", String(pressed));
      button.classList.toggle("off", off);
      button.querySelector("[data-label]").textContent = words;
    };
    const microphone = this.isOn("microphone");
    const camera = this.isOn("camera");
    const screen = Boolean(this.tracks.screen);
    set("microphone", microphone, !microphone, this.t("control.microphone"));
    set("camera", camera, !camera, this.t("control.camera"));
    set("screen", screen, false, this.t(screen ? "control.screen_stop" : "control.screen"));
    set("chat", this.root.dataset.panel === "chat", false, this.t("control.chat"));
    this.part("self-muted").hidden = microphone;
    const unread = this.part("unread");
    unread.hidden = this.panel.missed === 0;
    unread.textContent = String(this.panel.missed);
    const display = this.part("control-screen");
    display.hidden = !navigator.mediaDevices?.getDisplayMedia;
    this.part("sharing").hidden = !screen;
  }

  async showDevices() {
    const found = await list().catch(() => null);
    if (!found) return;
    for (const kind of ["camera", "microphone", "speaker"]) {
      const current = kind === "speaker" ? this.choice.speaker : this.tracks[kind]?.getSettings().deviceId ?? this.choice[kind];
      fill(this.part(`choose-${kind}`), found[kind], current, this.t(`${kind}.unnamed`));
    }
    this.part("speaker-box").hidden = found.speaker.length < 2 || !("setSinkId" in HTMLMediaElement.prototype);
  }

  chooseRung(choice) {
    this.part("rung").value = choice;
    this.ladder.choose(choice);
    this.rungChanged();
    this.fit();
  }

  showNetwork() {
    const box = this.part("network");
    const connected = this.link?.connected;
    const word = !this.link?.pc ? "unknown" : connected ? this.word : "lost";
    box.classList.remove("good", "fair", "poor", "lost", "unknown");
    box.classList.add(word);
    const words = this.t(`network.${word}`);
    const label = box.querySelector("[data-network-words]");
    if (label.textContent !== words) label.textContent = words;
    const { rtt, loss, route } = this.rates ?? {};
    this.part("network-detail").textContent =
      connected && this.rates ? this.t("network.detail", { rtt: rtt ?? "?", loss: Math.round((loss ?? 0) * 100), route: this.t(`route.${route ?? "unknown"}`) }) : "";
  }

  tick() {
    const read = this.clock.read();
    if (!read) return;
    const text = this.t(`timer.${read.phase}`, { time: figures(read.seconds) });
    for (const timer of this.parts("timer")) if (timer.textContent !== text) timer.textContent = text;
    if (read.phase === "running" && read.seconds === 300 && this.warned !== "five") {
      this.warned = "five";
      this.say(this.t("timer.five"));
      this.note(this.t("timer.five"), 6_000);
    }
  }

  /** One line at the top of the stage; goes by itself when told how long it stays. */
  note(words, stays) {
    const box = this.part("note");
    clearTimeout(this.noteTimer);
    box.textContent = words ?? "";
    box.hidden = !words;
    if (words && stays) this.noteTimer = setTimeout(() => this.note(null), stays);
  }

  /** What is not well with the site: one calm line in the head, for as long as it lasts. */
  showTroubles(sentences) {
    if (!Array.isArray(sentences)) return;
    const box = this.part("site");
    const words = sentences.join(" ");
    if ((box.querySelector("[data-site-words]")?.textContent ?? "") === words) return;
    box.replaceChildren();
    if (!words) return;
    const line = this.part("site-template").content.cloneNode(true);
    line.querySelector("[data-site-words]").textContent = words;
    box.append(line);
  }

  /** For those who listen to the page. */
  say(words) {
    const region = this.part("live");
    const line = document.createElement("p");
    line.textContent = words;
    region.append(line);
    while (region.children.length > 5) region.firstChild.remove();
  }

  leave() {
    this.phase("left");
    this.socket.send("leave", {});
    this.shut();
    location.assign(this.root.dataset.left);
  }

  shut() {
    this.socket.finish();
    setTimeout(() => this.socket.close(), 200);
    this.link?.drop();
    this.link = null;
    for (const kind of Object.keys(this.tracks)) this.tracks[kind]?.stop();
    clearInterval(this.ticking);
    clearInterval(this.watching);
    clearInterval(this.flashing);
    document.title = this.title;
  }
}

/** A yes that is remembered; yes when nothing is. */
function localFlag(key, value) {
  try {
    if (value !== undefined) localStorage.setItem(key, value ? "yes" : "no");
    return localStorage.getItem(key) !== "no";
  } catch {
    return value ?? true;
  }
}

/** The reader's zone, as on every page of the site. */
function zoneOfReader() {
  const { zone } = document.documentElement.dataset;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return undefined;
  }
}
