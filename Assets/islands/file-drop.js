import { icon, word } from "./words.js";

/**
 * 1,536 → "1.5 kB", in the page's language.
 * @param {number} bytes
 * @param {string} [language]
 * @returns {string}
 */
export function sizeText(bytes, language = "en") {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(1000)));
  const value = bytes / 1000 ** step;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: units[step],
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: value < 10 && step > 0 ? 1 : 0,
  }).format(value);
}

/**
 * Lists what was chosen or dropped, with a way to take each away, and says at once what is too large
 * (`data-max` bytes). The input keeps the files; the form sends them.
 * @param {HTMLElement} element
 */
export default function fileDrop(element) {
  const input = element.querySelector('input[type="file"]');
  const list = element.querySelector(".file-list");
  if (!(input instanceof HTMLInputElement) || !list) return;
  const most = Number(element.dataset.max ?? Infinity);
  const language = document.documentElement.lang || "en";

  const keep = (/** @type {File[]} */ files) => {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    draw();
  };
  const draw = () => {
    const files = [...(input.files ?? [])];
    const large = files.find((file) => file.size > most);
    input.setCustomValidity(
      large
        ? word("file-too-large", "{name} is larger than {size}.", { name: large.name, size: sizeText(most, language) })
        : "",
    );
    list.replaceChildren(
      ...files.map((file) => {
        const row = document.createElement("li");
        const name = document.createElement("span");
        name.textContent = file.name;
        const size = document.createElement("span");
        size.className = "muted numeric";
        size.textContent = sizeText(file.size, language);
        const remove = document.createElement("button");
        remove.type = "button";
        remove.className = "button quiet icon-only small";
        remove.setAttribute("aria-label", word("file-remove", "Remove {name}", { name: file.name }));
        remove.append(icon("x"));
        remove.addEventListener("click", () => keep(files.filter((other) => other !== file)));
        row.append(name, size, remove);
        return row;
      }),
    );
  };
  input.addEventListener("change", draw);
  for (const kind of ["dragenter", "dragover"]) element.addEventListener(kind, () => element.classList.add("over"));
  for (const kind of ["dragleave", "drop"]) element.addEventListener(kind, () => element.classList.remove("over"));
}
