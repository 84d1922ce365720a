import { word } from "./words.js";

/**
 * Asks before something costly, in a sentence that says what will happen. Focus starts on the harmless answer.
 * @param {{ title: string, sentence: string, action: string, cancel?: string, tone?: "danger" | "primary" }} question
 * @returns {Promise<boolean>}
 */
export function confirm({ title, sentence, action, cancel, tone = "danger" }) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("role", "alertdialog");
  dialog.setAttribute("aria-labelledby", "confirm-title");
  dialog.setAttribute("aria-describedby", "confirm-sentence");

  const head = document.createElement("div");
  head.className = "dialog-head";
  const heading = document.createElement("h2");
  heading.id = "confirm-title";
  heading.textContent = title;
  head.append(heading);

  const body = document.createElement("div");
  body.className = "dialog-body";
  const words = document.createElement("p");
  words.id = "confirm-sentence";
  words.textContent = sentence;
  body.append(words);

  const foot = document.createElement("div");
  foot.className = "dialog-foot actions end";
  const no = document.createElement("button");
  no.type = "button";
  no.className = "button";
  no.textContent = cancel ?? word("cancel", "Keep it");
  no.autofocus = true;
  const yes = document.createElement("button");
  yes.type = "button";
  yes.className = tone === "danger" ? "button danger primary" : "button primary";
  yes.textContent = action;
  foot.append(no, yes);
  dialog.append(head, body, foot);
  document.body.append(dialog);

  const before = document.activeElement;
  return new Promise((resolve) => {
    let answer = false;
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      answer = true;
      dialog.close();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before instanceof HTMLElement) before.focus();
      resolve(answer);
    });
    dialog.showModal();
  });
}

/**
 * A form with `data-confirm` is sent only after a yes. The button pressed is sent along, as without this module.
 * @param {HTMLElement} element
 */
export default function confirmed(element) {
  if (!(element instanceof HTMLFormElement)) return;
  let agreed = false;
  element.addEventListener(
    "submit",
    async (event) => {
      if (agreed) {
        agreed = false;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      const { confirm: sentence, confirmTitle, confirmAction, confirmCancel } = element.dataset;
      const submitter = /** @type {HTMLElement | null} */ (event.submitter);
      const yes = await confirm({
        title: confirmTitle ?? word("confirm", "Are you sure?"),
        sentence: sentence ?? "",
        action: confirmAction ?? submitter?.textContent?.trim() ?? word("confirm", "Go on"),
        cancel: confirmCancel,
      });
      if (!yes) return;
      agreed = true;
      element.requestSubmit(submitter);
    },
    { capture: true },
  );
}
