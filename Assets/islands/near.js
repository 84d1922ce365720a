import { askHere } from "./place.js";

/**
 * The address of the same search near a place. What was set in the form stays set, empty fields are left out.
 * @param {string} action
 * @param {Iterable<[string, FormDataEntryValue]>} fields
 * @param {import("./place.js").Place} place
 */
export function addressNear(action, fields, place) {
  const address = new URL(action);
  address.search = "";
  for (const [name, value] of fields) {
    if (typeof value !== "string" || value === "" || ["near", "town", "place", "after"].includes(name)) continue;
    address.searchParams.append(name, value);
  }
  const tenths = (/** @type {number} */ degrees) => (Math.round(degrees * 10) / 10 || 0).toFixed(1);
  address.searchParams.set("near", `${tenths(place.latitude)},${tenths(place.longitude)}`);
  if (!address.searchParams.has("km")) address.searchParams.set("km", "25");
  return address.href;
}

/**
 * “Near me” in the search.
 * @param {HTMLElement} element
 */
export default function near(element) {
  const form = element.closest("form");
  if (form) askHere(element, (place) => location.assign(addressNear(form.action, new FormData(form), place)));
}
