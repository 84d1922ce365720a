/**
 * Places on the ground, as much of them as the site wants to know: the square of a tenth of a degree, some eleven
 * kilometres. What the device knows exactly is rounded here, before it goes anywhere.
 */

/** @typedef {{ latitude: number, longitude: number }} Place */

/**
 * The middle of the square that holds a place.
 * @param {number} latitude
 * @param {number} longitude
 * @returns {Place}
 */
export function middle(latitude, longitude) {
  const row = Math.min(1799, Math.max(0, Math.floor((latitude + 90) * 10)));
  const column = ((Math.floor((longitude + 180) * 10) % 3600) + 3600) % 3600;
  return { latitude: (row + 0.5) / 10 - 90, longitude: (column + 0.5) / 10 - 180 };
}

/**
 * As it is typed into a field: `33.65, 73.05`.
 * @param {Place} place
 */
export const typed = (place) => `${place.latitude.toFixed(2)}, ${place.longitude.toFixed(2)}`;

/**
 * What stands in the field, when it is two plain numbers.
 * @param {string} text
 * @returns {Place | null}
 */
export function read(text) {
  const found = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text);
  if (!found) return null;
  const place = { latitude: Number(found[1]), longitude: Number(found[2]) };
  return Math.abs(place.latitude) <= 90 && Math.abs(place.longitude) <= 180 ? place : null;
}

/**
 * Where a touch on the map lies. The map is degrees: longitude to the right, latitude upwards.
 * @param {{ x: number, y: number, width: number, height: number }} box The map on the screen.
 * @param {[number, number, number, number]} view Its `viewBox`.
 * @param {number} x
 * @param {number} y
 * @returns {Place}
 */
export function touched(box, view, x, y) {
  const across = Math.min(1, Math.max(0, (x - box.x) / box.width));
  const down = Math.min(1, Math.max(0, (y - box.y) / box.height));
  return { latitude: -(view[1] + down * view[3]), longitude: view[0] + across * view[2] };
}

/**
 * The part of the world that is shown: all of it, or an eighth of it round a place.
 * @param {Place | null} round
 * @returns {[number, number, number, number]}
 */
export function view(round) {
  if (!round) return [-180, -90, 360, 180];
  const [wide, high] = [45, 22.5];
  const left = Math.min(180 - wide, Math.max(-180, round.longitude - wide / 2));
  const top = Math.min(90 - high, Math.max(-90, -round.latitude - high / 2));
  return [left, top, wide, high];
}

/**
 * Asks the browser where it is, when its button is pressed; the person is asked by the browser.
 * @param {HTMLElement} element With the sentences in its data.
 * @param {(place: Place) => void} tell
 */
export function askHere(element, tell) {
  const button = element.querySelector("[data-here]");
  const said = element.querySelector("[data-said]");
  if (!(button instanceof HTMLButtonElement) || !("geolocation" in navigator)) return;
  const say = (/** @type {string | undefined} */ words) => said && (said.textContent = words ?? "");
  button.hidden = false;
  button.addEventListener("click", () => {
    button.setAttribute("aria-busy", "true");
    say(element.dataset.asking);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        button.removeAttribute("aria-busy");
        say("");
        tell(middle(coords.latitude, coords.longitude));
      },
      (error) => {
        button.removeAttribute("aria-busy");
        say(error.code === error.PERMISSION_DENIED ? element.dataset.refused : element.dataset.unknown);
      },
      { enableHighAccuracy: false, maximumAge: 600_000, timeout: 15_000 },
    );
  });
}

/**
 * The form of where somebody teaches: the field, and three ways of filling it without typing.
 * @param {HTMLElement} form
 */
export default function place(form) {
  const field = form.querySelector("input[name='place']");
  if (!(field instanceof HTMLInputElement)) return;
  const said = form.querySelector("[data-said]");
  const map = form.querySelector("[data-map]");
  const world = form.querySelector("svg[data-world]");
  const [north, east] = ["[data-latitude]", "[data-longitude]"].map((one) => form.querySelector(one));
  const zoom = form.querySelector("[data-zoom]");
  if (
    !(map instanceof HTMLElement) || !(world instanceof SVGSVGElement) || !(north instanceof HTMLInputElement) ||
    !(east instanceof HTMLInputElement) || !(zoom instanceof HTMLButtonElement)
  ) return;
  let here = read(field.value);
  let isNear = false;
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  mark.setAttribute("class", "place-mark");
  world.append(mark);

  const draw = () => {
    const shown = view(isNear ? here : null);
    world.setAttribute("viewBox", shown.join(" "));
    zoom.setAttribute("aria-pressed", String(isNear));
    zoom.disabled = !here;
    mark.setAttribute("visibility", here ? "visible" : "hidden");
    if (!here) return;
    // A square of a tenth of a degree is too small to be seen: the mark is a fortieth of what is shown.
    const size = shown[2] / 40;
    for (const [name, value] of Object.entries({ x: here.longitude - size / 2, y: -here.latitude - size / 2, width: size, height: size })) {
      mark.setAttribute(name, String(value));
    }
    north.value = String(here.latitude);
    east.value = String(here.longitude);
    north.setAttribute("aria-valuetext", `${here.latitude.toFixed(1)}°`);
    east.setAttribute("aria-valuetext", `${here.longitude.toFixed(1)}°`);
  };
  const choose = (/** @type {Place} */ place) => {
    here = middle(place.latitude, place.longitude);
    field.value = typed(here);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    if (said) said.textContent = (form.dataset.square ?? "").replace("{place}", field.value);
    draw();
  };

  askHere(form, (place) => {
    isNear = true;
    choose(place);
  });
  for (const slider of [north, east]) {
    slider.addEventListener("input", (event) => {
      event.stopPropagation();
      choose({ latitude: Number(north.value), longitude: Number(east.value) });
    });
  }
  world.addEventListener("click", (event) => {
    const place = touched(world.getBoundingClientRect(), view(isNear ? here : null), event.clientX, event.clientY);
    // The first touch finds the region, the next one the place in it.
    isNear = true;
    choose(place);
  });
  zoom.addEventListener("click", () => {
    isNear = !isNear;
    draw();
  });
  field.addEventListener("change", () => {
    here = read(field.value);
    draw();
  });
  map.hidden = false;
  draw();
}
