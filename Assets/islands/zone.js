/**
 * Tells the site the visitor's time zone, so that times are theirs from the first page on. People who are signed in have
 * chosen theirs in the account.
 */

/** @param {string} zone @param {boolean} secure @returns {string} */
export function zoneCookie(zone, secure) {
  return `${secure ? "__Host-" : ""}zone=${zone}; path=/; max-age=31536000; samesite=lax${secure ? "; secure" : ""}`;
}

/**
 * The zone of the browser when the page was made in another, and nobody is signed in.
 * @param {string | undefined} made
 * @param {string | undefined} own
 * @param {boolean} signedIn
 * @returns {string | null}
 */
export function zoneToTell(made, own, signedIn) {
  if (signedIn || !own || !/^[A-Za-z0-9_+/-]{1,64}$/.test(own)) return null;
  return own === made ? null : own;
}

/** Tells it once; the page is loaded again only when it shows times. */
export function tellZone() {
  const signedIn = document.body.dataset.user !== undefined;
  const own = signedIn ? undefined : Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zone = zoneToTell(document.documentElement.dataset.zone, own, signedIn);
  if (zone === null) return;
  const known = document.cookie.includes(`zone=${zone}`);
  document.cookie = zoneCookie(zone, location.protocol === "https:");
  if (!known && document.cookie.includes(`zone=${zone}`) && document.querySelector("time, .slot")) location.reload();
}
