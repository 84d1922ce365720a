// Sentences come with the page, from the same catalogue as everything else.

/** @param {HTMLElement} root with `data-words`, a JSON object of sentences that may hold `{name}` marks. */
export function wordsOf(root) {
  const sentences = JSON.parse(root.dataset.words ?? "{}");
  return (key, values = {}) =>
    (sentences[key] ?? key).replace(/\{(\w+)\}/g, (mark, name) => (name in values ? String(values[name]) : mark));
}
