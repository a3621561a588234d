// The keys: each presses or focuses what the page says has that key. Without this the page does all it does.
"use strict";
(() => {
  const stops = () => [...document.querySelectorAll("[data-stop]")];
  const typing = (at) => at.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");

  const move = (step) => {
    const all = stops();
    const here = all.findIndex((stop) => stop === document.activeElement || stop.contains(document.activeElement));
    const next = all[here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  };

  const press = (at) => {
    const within = at.closest("details");
    if (within) within.open = true;
    if (at.type === "radio") {
      at.checked = true;
      const then = at.form.querySelector("[data-then]");
      if (then) then.focus();
    } else if (at.matches("a, button, summary")) {
      at.click();
    } else {
      at.focus();
    }
  };

  document.addEventListener("keydown", (event) => {
    const at = event.target;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && at.form) {
      event.preventDefault();
      at.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(at)) {
      if (event.key === "Escape") at.blur();
      return;
    }
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      move(event.key === "j" ? 1 : -1);
      return;
    }
    if (event.key.length !== 1) return;
    const ticks = [...document.querySelectorAll("input[data-tick]")];
    if (event.key === "x" && ticks.length) {
      const row = at.closest("tr");
      const tick = row && row.querySelector("input[data-tick]");
      if (tick) tick.click();
      return;
    }
    if (event.key === "t" && ticks.length) {
      const all = ticks.every((tick) => tick.checked);
      for (const tick of ticks) tick.checked = !all;
      return;
    }
    const keyed = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (keyed) {
      event.preventDefault();
      press(keyed);
    }
  });
})();
