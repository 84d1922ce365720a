/**
 * The options that fit what was typed: those that begin with it first, then those with a word that does, accents and
 * case aside.
 * @param {string[]} options
 * @param {string} typed
 * @param {number} [most]
 * @returns {string[]}
 */
export function matching(options, typed, most = 8) {
  const plain = (/** @type {string} */ text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const sought = plain(typed.trim());
  if (sought === "") return options.slice(0, most);
  const begins = [];
  const within = [];
  for (const option of options) {
    const text = plain(option);
    if (text.startsWith(sought)) begins.push(option);
    else if (text.includes(` ${sought}`) || text.includes(sought)) within.push(option);
  }
  return [...begins, ...within].slice(0, most);
}

let count = 0;

/**
 * A list under an input, by the ARIA combobox pattern, made from its `<datalist>`. The value stays free text.
 * @param {HTMLElement} element
 */
export default function combobox(element) {
  const input = element.querySelector("input");
  const source = element.querySelector("datalist");
  if (!input || !source) return;
  const options = [...source.options].map((option) => option.value);
  input.removeAttribute("list");
  input.autocomplete = "off";
  const id = `combobox-${++count}`;
  const list = document.createElement("ul");
  list.id = id;
  list.className = "combobox-list";
  list.setAttribute("role", "listbox");
  list.hidden = true;
  element.append(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", id);
  input.setAttribute("aria-expanded", "false");
  const label = input.labels?.[0]?.textContent?.trim() ?? input.getAttribute("aria-label");
  if (label) list.setAttribute("aria-label", label);

  let here = -1;
  const rows = () => /** @type {HTMLElement[]} */ ([...list.children]);
  const close = () => {
    list.hidden = true;
    here = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (/** @type {number} */ next) => {
    const all = rows();
    here = all.length === 0 ? -1 : (next + all.length) % all.length;
    all.forEach((row, index) => row.setAttribute("aria-selected", String(index === here)));
    const row = all[here];
    if (!row) return;
    input.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  };
  const take = (/** @type {string} */ value) => {
    input.value = value;
    close();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    close();
  };
  const open = () => {
    const found = matching(options, input.value);
    here = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(
      ...found.map((value, index) => {
        const row = document.createElement("li");
        row.id = `${id}-${index}`;
        row.className = "combobox-option";
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", "false");
        row.textContent = value;
        row.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          take(value);
        });
        return row;
      }),
    );
    list.hidden = found.length === 0 || (found.length === 1 && found[0] === input.value);
    input.setAttribute("aria-expanded", String(!list.hidden));
  };
  input.addEventListener("input", open);
  input.addEventListener("focusout", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open();
      mark(event.key === "ArrowDown" ? here + 1 : here < 0 ? -1 : here - 1);
    } else if (event.key === "Enter" && !list.hidden && here >= 0) {
      event.preventDefault();
      take(rows()[here]?.textContent ?? "");
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
    }
  });
}
