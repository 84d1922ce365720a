/**
 * Keeps what never changes, says so kindly when nothing else can be had, and shows what its owner wants to be told.
 *
 * Assets are named by their content, so one that is kept is right for ever; pages are never kept, so none can be old
 * and none of one person is shown to another. Where the network does not answer, the offline page stands in, in the
 * language the person read last. The server writes `self.house` before these lines: it names this version and what the
 * offline page is made of.
 */
(() => {
  const worker = /** @type {any} */ (self);
  /** @type {{ version: string, name: string, shell: string[], languages: string[] }} */
  const house = worker.house;
  const shellName = `tutalink-shell-${house.version}`;
  const assetsName = "tutalink-assets";
  const noteName = "tutalink-note";
  /** How many assets are kept: several versions of the whole site. */
  const most = 400;
  const hashed = /^\/assets\/.*\.[0-9a-f]{12}\.[a-z0-9]+$/;

  worker.addEventListener("install", (/** @type {any} */ event) => {
    event.waitUntil(
      (async () => {
        const cache = await caches.open(shellName);
        // Asked for as nobody: what is kept must not know who was here.
        await cache.addAll(house.shell.map((address) => new Request(address, { credentials: "omit" })));
        // No page waits in a cache, so there is no reason for this version to wait either.
        await worker.skipWaiting();
      })(),
    );
  });

  worker.addEventListener("activate", (/** @type {any} */ event) => {
    event.waitUntil(
      (async () => {
        for (const name of await caches.keys()) {
          if (name.startsWith("tutalink-shell-") && name !== shellName) await caches.delete(name);
        }
        const assets = await caches.open(assetsName);
        const kept = await assets.keys();
        await Promise.all(kept.slice(0, Math.max(0, kept.length - most)).map((request) => assets.delete(request)));
        await worker.registration.navigationPreload?.enable();
        await worker.clients.claim();
      })(),
    );
  });

  // A page tells in which language it was read, for the time when none can be had.
  worker.addEventListener("message", (/** @type {any} */ event) => {
    const language = event.data?.language;
    if (!house.languages.includes(language)) return;
    event.waitUntil(caches.open(noteName).then((cache) => cache.put("/language", new Response(language))));
  });

  worker.addEventListener("fetch", (/** @type {any} */ event) => {
    /** @type {Request} */
    const request = event.request;
    const url = new URL(request.url);
    if (url.origin !== location.origin) return;
    if (request.mode === "navigate") event.respondWith(page(event));
    else if (request.method === "GET" && hashed.test(url.pathname)) event.respondWith(asset(request));
  });

  // What is told while no page is open. A browser takes the right away from who does not show what came, so even what
  // cannot be read is shown as something: the site's name.
  worker.addEventListener("push", (/** @type {any} */ event) => {
    /** @type {{ id?: string, title?: string, body?: string, link?: string, lang?: string, dir?: NotificationDirection }} */
    let note = {};
    try {
      note = event.data?.json() ?? {};
    } catch {
      // Not ours, or broken on its way.
    }
    const icon = house.shell.find((address) => address.includes("/icon-192."));
    event.waitUntil(
      worker.registration.showNotification(note.title ?? house.name, {
        body: note.body,
        // One that comes twice takes its own place, unheard.
        tag: note.id,
        lang: note.lang,
        dir: note.dir ?? "auto",
        icon,
        badge: icon,
        data: { link: note.link },
      }),
    );
  });

  // The browser got another address from its vendor: the house is told as its page would tell it, with the form's own proof.
  // Who has signed out meanwhile is told no more.
  worker.addEventListener("pushsubscriptionchange", (/** @type {any} */ event) => {
    event.waitUntil(renew());
  });

  async function renew() {
    const answer = await fetch("/account/notifications", { redirect: "error" });
    const text = await answer.text();
    const key = text.match(/data-key="([\w-]+)"/)?.[1];
    const token = text.match(/name="csrf-token" content="([^"]*)"/)?.[1];
    if (!answer.ok || !key || !token) return;
    const bytes = Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
    const fresh = await worker.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes });
    const keys = fresh.toJSON().keys ?? {};
    await fetch("/account/notifications/devices", {
      method: "POST",
      redirect: "manual",
      headers: { "x-csrf-token": token },
      body: new URLSearchParams({ endpoint: fresh.endpoint, p256dh: keys.p256dh, auth: keys.auth, key }),
    });
  }

  // Into a tab that is open already, else into a new one; never away from the site.
  worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
    event.notification.close();
    const link = new URL(event.notification.data?.link ?? "/notifications", location.origin);
    const address = link.origin === location.origin ? link.href : `${location.origin}/notifications`;
    event.waitUntil(open(address));
  });

  /** @param {string} address */
  async function open(address) {
    const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    // Somebody in a lesson is not taken out of it.
    const free = pages.filter((/** @type {any} */ page) => !/^\/lessons\/[^/]+\/room/.test(new URL(page.url).pathname));
    for (const page of free) {
      // A browser may not let us come to the front; the page goes there all the same.
      await page.focus().catch(() => {});
      // One that is closing, or belongs to no worker yet, does not go.
      if (await page.navigate(address).catch(() => null)) return;
    }
    await worker.clients.openWindow(address);
  }

  /** @param {any} event */
  async function page(event) {
    try {
      return (await event.preloadResponse) ?? (await fetch(event.request));
    } catch {
      return offline(event.request.method);
    }
  }

  /** @param {string} method */
  async function offline(method) {
    const note = await (await caches.open(noteName)).match("/language");
    const language = (await note?.text()) ?? house.languages[0];
    const kept = await (await caches.open(shellName)).match(`/offline/${language}`);
    if (!kept) return Response.error();
    const text = (await kept.text()).replace('data-method="get"', `data-method="${method.toLowerCase()}"`);
    return new Response(text, { status: 503, headers: kept.headers });
  }

  /** @param {Request} request */
  async function asset(request) {
    const kept = await caches.match(request, { ignoreVary: true });
    if (kept) return kept;
    const answer = await fetch(request);
    if (answer.status === 200 && answer.type === "basic") {
      const copy = answer.clone();
      caches.open(assetsName).then((cache) => cache.put(request, copy)).catch(() => {});
    }
    return answer;
  }
})();
