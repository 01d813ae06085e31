"use strict";
// The page is complete without this: it only adds search, sorting, and highlights in the picture.
(() => {
  const table = document.getElementById("table");
  const find = document.getElementById("find");
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, text: null }));
  const number = new Intl.NumberFormat("en");

  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of rows) {
      entry.text ??= entry.row.textContent.toLowerCase();
      const keep = words.every((word) => entry.text.includes(word));
      if (entry.row.hidden === keep) entry.row.hidden = !keep;
      if (keep) count++;
    }
    none.hidden = count > 0 || rows.length === 0;
    shown.textContent = count === rows.length ? `${number.format(count)} rows` : `${number.format(count)} of ${number.format(rows.length)} rows`;
  };
  let waiting = 0;
  find.addEventListener("input", () => {
    clearTimeout(waiting);
    if (rows.length > 2000) waiting = setTimeout(filter, 120);
    else filter();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== find && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      find.focus();
    } else if (event.key === "Escape" && event.target === find) {
      find.value = "";
      filter();
    }
  });

  const order = new Intl.Collator("en", { numeric: true });
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending" || (!head.hasAttribute("aria-sort") && rows[0]?.row.cells[at].dataset.n !== undefined);
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = ({ row }) => row.cells[at].dataset.n ?? row.cells[at].textContent;
      rows.sort((a, b) => (down ? -1 : 1) * order.compare(key(a), key(b)));
      body.append(...rows.map(({ row }) => row));
    });
  });

  const picture = document.querySelector("svg.uses");
  if (picture) {
    const lines = [...picture.querySelectorAll(".use")];
    const nodes = [...picture.querySelectorAll("[data-node]")];
    const light = (node) => {
      picture.classList.toggle("lit", node !== null);
      const near = new Set([node]);
      for (const line of lines) {
        const on = line.dataset.a === node || line.dataset.b === node;
        line.classList.toggle("on", on);
        if (on) near.add(line.dataset.a).add(line.dataset.b);
      }
      for (const one of nodes) one.classList.toggle("on", near.has(one.dataset.node));
    };
    for (const one of nodes) {
      one.addEventListener("mouseenter", () => light(one.dataset.node));
      one.addEventListener("mouseleave", () => light(null));
      one.addEventListener("click", () => {
        find.value = one.querySelector("title").textContent.split(" · ")[0];
        filter();
        table.scrollIntoView();
      });
    }
  }
  document.getElementById("tools").hidden = false;
  filter();
})();
