// Who is in the room, as the server tells it. Pure: a list of seats and a message give the next list.

/** @typedef {{seat: number, role: string, name: string, standing: string, here: boolean, since: string, media?: object}} Seat */

/** Takes a seat as told, unless what is known of it is newer. */
export function place(seats, seat) {
  const at = seats.findIndex((s) => s.seat === seat.seat);
  if (at < 0) return [...seats, seat].sort((a, b) => a.seat - b.seat);
  if (Date.parse(seat.since) < Date.parse(seats[at].since)) return seats;
  return seats.with ? seats.with(at, { ...seats[at], ...seat }) : seats.map((s, n) => (n === at ? { ...s, ...seat } : s));
}

export function mediaOf(seats, number, media) {
  return seats.map((s) => (s.seat === number ? { ...s, media } : s));
}

export const isInside = (seat) => Boolean(seat && seat.here && seat.standing === "inside");

/** The other end of a lesson for two. */
export const otherOf = (seats, me) => seats.find((s) => s.seat !== me) ?? null;

export const knocking = (seats) => seats.filter((s) => s.standing === "waiting" && s.here);
