/**
 * Chooses the browser's own zone in a form's zone list, as long as nobody has chosen and the server did not print one
 * that was chosen before.
 * @param {HTMLElement} element
 */
export default function timezone(element) {
  const select = element.querySelector('select[name="timezone"]');
  if (!(select instanceof HTMLSelectElement) || element.querySelector('[aria-invalid="true"], .form-errors')) return;
  const own = zoneAmong(
    [...select.options].map((option) => option.value),
    Intl.DateTimeFormat().resolvedOptions().timeZone,
  );
  if (own && (select.value === "" || select.value === "UTC")) select.value = own;
}

/**
 * Names the zone database has changed, as browsers still say them.
 * @type {Record<string, string>}
 */
const older = {
  "Asia/Calcutta": "Asia/Kolkata",
  "Asia/Katmandu": "Asia/Kathmandu",
  "Asia/Rangoon": "Asia/Yangon",
  "Asia/Saigon": "Asia/Ho_Chi_Minh",
  "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
  "Atlantic/Faeroe": "Atlantic/Faroe",
  "Europe/Kiev": "Europe/Kyiv",
};

/**
 * The zone under the name the list has for it, or nothing.
 * @param {string[]} zones
 * @param {string} zone
 * @returns {string | undefined}
 */
export function zoneAmong(zones, zone) {
  const renamed = older[zone] ?? Object.keys(older).find((name) => older[name] === zone);
  return [zone, renamed].find((name) => name !== undefined && zones.includes(name));
}
