"use strict";
(() => {
  const filter = document.getElementById("filter");
  if (!filter) return;
  const text = document.getElementById("filter-text");
  const verdict = document.getElementById("filter-verdict");
  const count = document.getElementById("filter-count");
  const parts = [...document.querySelectorAll("[data-case]")];
  const total = parts.filter((part) => part.tagName === "SECTION").length;
  const apply = () => {
    const wanted = text.value.trim().toLowerCase();
    let shown = 0;
    for (const part of parts) {
      const fits = (!wanted || part.dataset.case.toLowerCase().includes(wanted))
        && (!verdict.value || part.dataset.verdict === verdict.value);
      part.hidden = !fits;
      if (fits && part.tagName === "SECTION") shown += 1;
    }
    count.textContent = shown === total ? "" : `${shown} of ${total} cases shown`;
  };
  text.addEventListener("input", apply);
  verdict.addEventListener("change", apply);
  filter.hidden = false;
  let closed = [];
  addEventListener("beforeprint", () => {
    for (const part of parts) part.hidden = false;
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const element of closed) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of closed) element.open = false;
    apply();
  });
})();
