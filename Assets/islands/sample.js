/**
 * Sound and film of a page ask for their length and first picture when they come near, not with the page: on a slow line
 * that would take what is read first its place. Without this module they ask when they are played.
 * @param {HTMLElement} element
 */
export default function sample(element) {
  if (!(element instanceof HTMLMediaElement)) return;
  const watch = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      element.preload = "metadata";
    },
    { rootMargin: "100px" },
  );
  watch.observe(element);
}
