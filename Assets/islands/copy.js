import { word } from "./words.js";
import { toast } from "./toast.js";

/**
 * Copies the text of its `<code>` (or `data-copy`) when its button is pressed.
 * @param {HTMLElement} element
 */
export default function copy(element) {
  const button = element.querySelector("button");
  button?.addEventListener("click", async () => {
    const text = element.dataset.copy ?? element.querySelector("code")?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
      toast(word("copied", "Copied."));
    } catch {
      const code = element.querySelector("code");
      if (code) getSelection()?.selectAllChildren(code);
    }
  });
}
