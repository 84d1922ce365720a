// The lesson's clock is the server's: the browser's own may be wrong by hours.

export class LessonClock {
  constructor(now = () => Date.now()) {
    this.now = now;
    this.offset = 0;
    this.best = Infinity;
  }

  /** Takes the server's times. `asked` is when we asked, in our own time; the quickest answer is the truest. */
  hear({ now, starts_at, ends_at, began_at }, asked = this.now()) {
    const here = this.now();
    const trip = here - asked;
    if (now && trip <= this.best) {
      this.best = trip;
      this.offset = Date.parse(now) - (asked + trip / 2);
    }
    if (starts_at) this.startsAt = Date.parse(starts_at);
    if (ends_at) this.endsAt = Date.parse(ends_at);
    if (began_at) this.beganAt = Date.parse(began_at);
  }

  /** What to show: `{phase: "before"|"running"|"over", seconds}`, seconds until start, until end, since end. */
  read() {
    const now = this.now() + this.offset;
    if (this.endsAt === undefined) return null;
    if (now < this.startsAt && this.beganAt === undefined) return { phase: "before", seconds: Math.ceil((this.startsAt - now) / 1000) };
    if (now < this.endsAt) return { phase: "running", seconds: Math.ceil((this.endsAt - now) / 1000) };
    return { phase: "over", seconds: Math.floor((now - this.endsAt) / 1000) };
  }
}

/** 75 → "1:15", 3675 → "1:01:15". */
export function figures(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
