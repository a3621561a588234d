"use strict";
(() => {
  const box = document.getElementById("filters");
  if (!box) return;
  const [search, severity, rule] = ["search", "severity", "rule"].map((name) => document.getElementById(`filter-${name}`));
  const count = document.getElementById("filter-count");
  const subjects = [...document.querySelectorAll("details.subject")].map((node) => {
    const name = node.querySelector("summary").textContent.toLowerCase();
    const findings = [...node.querySelectorAll(".finding")].map((finding) => ({
      node: finding,
      rule: finding.dataset.rule,
      severity: finding.dataset.severity,
      text: `${name} ${finding.textContent.toLowerCase()}`,
    }));
    return { node, findings };
  });
  const filter = () => {
    const words = search.value.toLowerCase().trim();
    const isOpen = words || severity.value || rule.value;
    let shown = 0;
    for (const subject of subjects) {
      let some = false;
      for (const one of subject.findings) {
        const fits = (!severity.value || one.severity === severity.value) && (!rule.value || one.rule === rule.value)
          && (!words || one.text.includes(words));
        if (one.node.hidden === fits) one.node.hidden = !fits;
        some ||= fits;
        shown += fits;
      }
      if (subject.node.hidden === some) subject.node.hidden = !some;
      if (isOpen && some && shown <= 200) subject.node.open = true;
    }
    count.textContent = `${shown.toLocaleString("en")} ${shown === 1 ? "finding" : "findings"} shown`;
  };
  for (const field of [search, severity, rule]) field.addEventListener("input", filter);
  box.hidden = false;
  filter();
})();
