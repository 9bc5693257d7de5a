"use strict";
// Fetches the page again and exchanges its content; what the reader has opened stays open.
const every = 4000;
async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = [...document.querySelectorAll("details[open]")].map((e) => e.id);
  const main = fresh.querySelector("main");
  if (!main) return;
  document.querySelector("main").replaceWith(main);
  open.forEach((id) => { const e = document.getElementById(id); if (e) e.open = true; });
}
const live = document.getElementById("live");
function show(on) { live.className = on ? "live on" : "live off"; }
async function beat() {
  try { await refresh(); show(true); } catch { show(false); }
  setTimeout(beat, every);
}
// A pack's page is told when there is something new; without a stream it asks like the others.
// The first news show at once, more of them no oftener than the others ask.
let feed = null, last = 0, due = null;
function news() {
  due ??= setTimeout(look, Math.max(0, last + every - Date.now()));
}
async function look() {
  due = null;
  last = Date.now();
  try { await refresh(); } catch { show(false); }
}
function listen() {
  feed = new EventSource(live.dataset.feed);
  feed.onopen = () => show(true);
  feed.onerror = () => { show(false); if (feed && feed.readyState === 2) { feed = null; setTimeout(beat, every); } };
  feed.addEventListener("newer", news);
}
// Browsers open few connections: a page that nobody looks at holds none.
document.addEventListener("visibilitychange", () => {
  if (!feed) return;
  if (document.hidden) feed.close(); else { news(); listen(); }
});
// How old the data are has to go on being true while nothing comes.
setInterval(() => { if (feed) news(); }, 60000);
if (live && live.dataset.feed && window.EventSource) listen();
else if (live) setTimeout(beat, every);
