"use strict";
// What is pointed at is told beside the chart's title.
for (const figure of document.querySelectorAll("figure")) {
  const told = figure.querySelector("output");
  const tell = (event) => {
    const text = event.target.getAttribute && event.target.getAttribute("data-t");
    if (text) told.textContent = text;
  };
  figure.addEventListener("pointermove", tell);
  figure.addEventListener("pointerdown", tell);
  figure.addEventListener("pointerleave", () => { told.textContent = ""; });
}
// One symbol's trades at a time.
for (const select of document.querySelectorAll(".symbols select")) {
  const section = select.closest(".symbols");
  const parts = [...section.querySelectorAll(".symbol")];
  const show = () => parts.forEach((part, i) => { part.hidden = i !== select.selectedIndex; });
  select.addEventListener("change", show);
  show();
}
