/**
 * A page of this site as a document, without running it. The browser reads it by itself while it arrives, so no text
 * becomes markup in our hands, which the page's policy (trusted types) would refuse.
 * @param {string} address
 * @param {FormData} [form] Sent when given, as a form is; then a refusal (422) is a page too.
 * @param {AbortSignal} [signal]
 * @returns {Promise<Document | null>} Nothing when it cannot be had.
 */
export function fetchPage(address, form, signal) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(form ? "POST" : "GET", address);
    request.responseType = "document";
    request.setRequestHeader("accept", "text/html");
    request.onload = () => resolve(request.status === 200 || (form && request.status === 422) ? request.responseXML : null);
    request.onerror = () => resolve(null);
    request.onabort = () => resolve(null);
    signal?.addEventListener("abort", () => request.abort());
    if (!form) {
      request.send();
      return;
    }
    const fields = new URLSearchParams();
    for (const [name, value] of form) if (typeof value === "string") fields.append(name, value);
    request.send(fields);
  });
}
