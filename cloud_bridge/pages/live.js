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
async function beat() {
  try { await refresh(); live.className = "live on"; } catch { live.className = "live off"; }
  setTimeout(beat, every);
}
if (live) setTimeout(beat, every);
