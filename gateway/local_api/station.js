// What a page cannot do without a script: show what changed, say times of the place, tell the gateway.
const live = document.getElementById("live");
const lang = document.documentElement.lang.slice(0, 2);

async function refresh() {
  const typing = live.contains(document.activeElement) && document.activeElement.value;
  if (document.hidden || typing) return;
  const answer = await fetch("/live?lang=" + lang).catch(() => null);
  document.body.classList.toggle("stale", !answer || !answer.ok);
  if (answer && answer.ok) show(await answer.text());
}

// Times come as UTC; beside the bay the clock on the wall is what counts.
function show(content) {
  if (content !== undefined) live.innerHTML = content;
  for (const time of live.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (!isNaN(at)) time.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "medium" });
  }
}

live.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-path]");
  if (!button) return;
  const field = button.parentElement.querySelector("input");
  const label = button.dataset.label ?? (field ? field.value : undefined);
  const body = JSON.stringify(label === undefined ? {} : { label });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(button.dataset.path + "?lang=" + lang, { method: "POST", headers, body }).catch(() => null);
  const said = button.parentElement.querySelector("output");
  if (answer && answer.ok) {
    if (field) field.value = "";
    document.activeElement.blur();
    refresh();
  } else if (said) {
    said.textContent = answer ? (await answer.json()).error : "–";
  }
});
live.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input")) {
    event.target.parentElement.querySelector("button").click();
  }
});
show();
setInterval(refresh, 2000);
