"use strict";
// Answers the pointer: the label of the nearest point of the area below it, and the legend.
const all = JSON.parse(document.getElementById("probes").textContent);
const tip = document.getElementById("tip");
const pictures = [...document.querySelectorAll("main > svg")];

const make = (svg, name, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  made.setAttribute("class", "cross");
  svg.append(made);
};

const light = (svg, key) => {
  const groups = svg.querySelectorAll("g[data-key]");
  let found = false;
  for (const group of groups) {
    const hot = key !== null && group.dataset.key === key && !group.classList.contains("off");
    group.classList.toggle("hot", hot);
    found = found || hot;
  }
  svg.classList.toggle("asks", found);
};

const leave = (svg) => {
  tip.hidden = true;
  svg.querySelectorAll(".cross").forEach((mark) => mark.remove());
  light(svg, null);
};

const nearest = (probe, x, y) => {
  let best = -1;
  let least = Infinity;
  probe.points.forEach(([px, py], i) => {
    const away = probe.along ? Math.abs(px - x) : Math.hypot(px - x, py - y);
    if (away < least) [best, least] = [i, away];
  });
  return probe.along || least < 24 ? best : -1;
};

const ask = (svg, probes, event) => {
  const place = svg.getScreenCTM();
  const x = (event.clientX - place.e) / place.a;
  const y = (event.clientY - place.f) / place.d;
  leave(svg);
  const probe = probes.find(({ area: [left, top, width, height] }) =>
    x >= left && x <= left + width && y >= top && y <= top + height);
  const i = probe ? nearest(probe, x, y) : -1;
  if (i < 0) return;
  const [px, py] = probe.points[i];
  const [, top, , height] = probe.area;
  if (probe.along) make(svg, "line", { x1: px, x2: px, y1: top, y2: top + height });
  else make(svg, "circle", { cx: px, cy: py, r: 6 });
  light(svg, probe.key);
  tip.textContent = probe.labels[i];
  tip.hidden = false;
  const { width: w, height: h } = tip.getBoundingClientRect();
  const left = event.clientX + 16 + w > innerWidth ? event.clientX - w - 16 : event.clientX + 16;
  const above = event.clientY + 16 + h > innerHeight ? event.clientY - h - 16 : event.clientY + 16;
  tip.style.transform = `translate(${Math.max(4, left)}px,${Math.max(4, above)}px)`;
};

const toggle = (svg, group) => {
  const off = group.classList.toggle("off");
  for (const other of svg.querySelectorAll("g[data-key]")) {
    if (other.dataset.key === group.dataset.key) other.classList.toggle("off", off);
  }
  leave(svg);
};

pictures.forEach((svg, i) => {
  svg.addEventListener("pointermove", (event) => ask(svg, all[i], event));
  svg.addEventListener("pointerdown", (event) => ask(svg, all[i], event));
  svg.addEventListener("pointerleave", () => leave(svg));
  for (const group of svg.querySelectorAll("g[data-toggles]")) {
    group.setAttribute("role", "button");
    group.addEventListener("click", () => toggle(svg, group));
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        toggle(svg, group);
      }
    });
    group.addEventListener("pointerenter", () => light(svg, group.dataset.key));
  }
});
