"use strict";
// The report is complete without this: it only adds search and filters.
(() => {
  const tools = document.getElementById("tools");
  if (!tools) return;
  const find = document.getElementById("find");
  const kinds = [...tools.querySelectorAll("input[type=checkbox]")];
  const picks = [...tools.querySelectorAll("select")];
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  const toggle = document.getElementById("toggle");
  const groups = [...document.querySelectorAll(".group")].map((group) => ({
    group,
    items: [...group.querySelectorAll("details")].map((item) => ({ item, kind: item.classList[0], data: item.dataset, text: null })),
  }));
  const total = groups.reduce((sum, { items }) => sum + items.length, 0);
  const number = new Intl.NumberFormat("en");

  // In a long report, what is folded waits within <noscript>, as a text.
  const waitingIn = (item) => item.querySelector(":scope > noscript");
  const unfold = (item) => {
    const waiting = waitingIn(item);
    if (!waiting) return;
    waiting.insertAdjacentHTML("beforebegin", waiting.textContent);
    waiting.remove();
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.open) unfold(event.target);
  }, true);
  addEventListener("beforeprint", () => {
    for (const { items } of groups) for (const { item } of items) unfold(item);
  });

  // What is searched: all that is told of a connection, and where it stands.
  const entities = { amp: "&", lt: "<", gt: ">" };
  const plain = (html) => html.replace(/<\/?mark>/g, "").replace(/<[^>]*>/g, " ").replace(/&(?:#(\d+)|(\w+));/g, (whole, code, name) => (code ? String.fromCodePoint(code) : entities[name] ?? whole));
  const textOf = (entry, group) => {
    if (entry.text === null) {
      const waiting = waitingIn(entry.item);
      const folded = waiting ? entry.item.firstElementChild.textContent + " " + plain(waiting.textContent) : entry.item.textContent;
      entry.text = (group.querySelector("h3").textContent + " " + folded).toLowerCase();
    }
    return entry.text;
  };

  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(kinds.filter((box) => box.checked).map((box) => box.value));
    const chosen = picks.filter((pick) => pick.value !== "").map((pick) => [pick.name, pick.value]);
    let count = 0;
    for (const { group, items } of groups) {
      let visible = 0;
      for (const entry of items) {
        const keep = wanted.has(entry.kind) &&
          chosen.every(([name, value]) => entry.data[name] === value) &&
          (words.length === 0 || words.every((word) => textOf(entry, group).includes(word)));
        if (entry.item.hidden === keep) entry.item.hidden = !keep;
        if (keep) visible++;
      }
      group.hidden = visible === 0;
      count += visible;
    }
    none.hidden = count > 0;
    shown.textContent = count === total ? `${number.format(total)} shown` : `${number.format(count)} of ${number.format(total)} shown`;
  };

  let waiting = 0;
  find.addEventListener("input", () => {
    clearTimeout(waiting);
    if (total > 2000) waiting = setTimeout(filter, 120);
    else filter();
  });
  for (const control of [...kinds, ...picks]) control.addEventListener("change", filter);
  const reset = () => {
    find.value = "";
    for (const box of kinds) box.checked = true;
    for (const pick of picks) pick.value = "";
    filter();
  };
  document.getElementById("reset").addEventListener("click", reset);

  // Opening thousands at once would take long: those that are shown, up to a limit.
  const most = 300;
  let opened = groups.every(({ items }) => items.every(({ item }) => item.open));
  const named = () => { toggle.textContent = opened ? "Close all" : "Open all"; };
  named();
  toggle.addEventListener("click", () => {
    opened = !opened;
    let room = most;
    for (const { items } of groups) {
      for (const { item } of items) {
        if (!opened) item.open = false;
        else if (!item.hidden && room-- > 0) item.open = true;
      }
    }
    named();
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      find.focus();
      find.select();
    } else if (event.key === "Escape" && event.target === find) {
      reset();
    }
  });
  tools.hidden = false;
  filter();
})();
