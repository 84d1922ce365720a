// The choice of subject and length shows its times at once; without this module the button does.
export default function booking(form) {
  const button = form.querySelector("button");
  if (button) button.hidden = true;
  form.addEventListener("change", () => {
    form.setAttribute("aria-busy", "true");
    form.requestSubmit();
  });
}
