/**
 * A page of this site as a document, without running it. The browser reads it by itself while it arrives, so no text
 * becomes markup in our hands, which the page's policy (trusted types) would refuse.
 * @param {string} address
 * @returns {Promise<Document | null>} Nothing when it cannot be had.
 */
export function fetchPage(address) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.setRequestHeader("accept", "text/html");
    request.onload = () => resolve(request.status === 200 ? request.responseXML : null);
    request.onerror = () => resolve(null);
    request.send();
  });
}
