// The comparison of ticked experiments: settings that differ, differences with intervals, trials, learning curves.
const COLORS = ["#d0433a", "#3b78c4", "#1a8a5a", "#9465c9", "#96703f", "#0e8fa0"];
const SPLITS = { test: "test", valid: "validation", train: "training" };
let charts = [];

// Return the settings of an experiment by dotted keys.
function settings(name) {
  const found = {};
  const walk = (value, key) => {
    const nested = value && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length;
    if (nested) for (const [part, inner] of Object.entries(value)) walk(inner, key ? `${key}.${part}` : part);
    else found[key] = typeof value === "string" ? value : JSON.stringify(value);
  };
  walk(JSON.parse(document.getElementById(slug(name)).querySelector("pre.spec").textContent), "");
  return found;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values) => values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1);

// Student's t for a 95% interval; between whole degrees of freedom it is interpolated.
function quantile(freedom) {
  const known = data.quantiles, low = Math.min(Math.floor(freedom), known.length), high = Math.min(low + 1, known.length);
  return known[low - 1] + (known[high - 1] - known[low - 1]) * (freedom - low);
}

// Return the difference of mean accuracies, its 95% interval, and what it was computed from.
function difference(name, base, keys) {
  const ours = data.trials[name], theirs = data.trials[base];
  if (ours.split !== theirs.split) return { note: "the accuracies are those of different splits" };
  // Trials of equal seeds are pairs unless their images differ.
  const isPaired = !keys.some((key) => data.unpaired.some((setting) => `${key}.`.startsWith(`${setting}.`)));
  const seeds = Object.keys(ours.values).filter((seed) => seed in theirs.values);
  if (isPaired && seeds.length) {
    const values = seeds.map((seed) => ours.values[seed] - theirs.values[seed]), n = values.length;
    const half = n > 1 ? quantile(n - 1) * Math.sqrt(variance(values) / n) : null;
    return bounds(mean(values), half, `${n} pair${n === 1 ? "" : "s"} of equal seeds`);
  }
  const a = Object.values(ours.values), b = Object.values(theirs.values);
  if (!a.length || !b.length) return { note: "no finished trials" };
  const note = `${a.length} and ${b.length} independent trials`;
  if (a.length < 2 || b.length < 2) return bounds(mean(a) - mean(b), null, note);
  const parts = [variance(a) / a.length, variance(b) / b.length], sum = parts[0] + parts[1];
  const squares = parts[0] ** 2 / (a.length - 1) + parts[1] ** 2 / (b.length - 1);
  const half = quantile(squares ? sum ** 2 / squares : a.length + b.length - 2) * Math.sqrt(sum);
  return bounds(mean(a) - mean(b), half, note);
}
const bounds = (value, half, note) => ({ value, low: half == null ? null : value - half, high: half == null ? null : value + half, note });

function table(label, head, rows) {
  const made = element("table", { class: "compact" }, element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))));
  made.append(element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell, i) => element(i ? "td" : "th", i ? {} : { scope: "row" }, cell))))));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, made);
}

function chart(title, names, x, series, points) {
  const style = getComputedStyle(document.body), ink = style.color, grid = style.getPropertyValue("--line");
  const place = element("div", { class: "chart", role: "img", "aria-label": `${title} of ${names.join(", ")}` });
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  const labels = (_, values) => values.map((value) => Number.isInteger(value) ? value : "");
  return { place, draw: () => new uPlot({
    title, width: place.clientWidth, height: 300,
    scales: { x: { time: false, range: points ? [0.5, names.length + 0.5] : undefined } },
    axes: [{ ...axis, values: labels, show: !points }, { ...axis, size: 60 }],
    legend: { live: !points },
    series: [{ label: "epoch" }, ...series.map(({ label, color }) => ({
      label, stroke: color, width: 2, spanGaps: true, value: (_, value) => fixed(value),
      ...(points ? { paths: () => null, points: { show: true, size: 8, stroke: color, fill: "transparent" } } : {}),
    }))],
  }, [x, ...series.map(({ values }) => values)], place) };
}

function curves(names, split, metric) {
  const epochs = [...new Set(names.flatMap((name) => data.curves[name]?.epoch ?? []))].sort((a, b) => a - b);
  const series = names.map((name, i) => {
    const own = data.curves[name] ?? { epoch: [] }, values = own[`${split}_${metric}`] ?? [];
    return { label: name, color: COLORS[i], values: epochs.map((epoch) => values[own.epoch.indexOf(epoch)] ?? null) };
  });
  return chart(`${SPLITS[split]} ${metric} by epoch`, names, epochs, series, false);
}

// The dots of an experiment stand above one another, in the color of its curves.
function trialDots(names) {
  const dots = names.flatMap((name, i) => Object.values(data.trials[name].values).map((value) => ({ i, value })));
  const series = names.map((name, i) => ({ label: name, color: COLORS[i], values: dots.map((dot) => dot.i === i ? dot.value : null) }));
  return chart("accuracy of each trial", names, dots.map((dot) => dot.i + 1), series, true);
}

// Show the comparison of the named experiments; the first is what the others are compared with.
function compare(names) {
  const section = document.getElementById("compare");
  charts.forEach((drawn) => drawn.destroy());
  charts = [];
  section.replaceChildren();
  if (!names.length) return;
  section.append(element("h3", {}, "Comparison"));
  if (names.length < 2) return section.append(element("p", { class: "small quiet" }, `Tick one more experiment to compare it with ${names[0]}.`));
  const [base, ...others] = names, all = Object.fromEntries(names.map((name) => [name, settings(name)]));
  const keys = [...new Set(names.flatMap((name) => Object.keys(all[name])))].filter((key) => new Set(names.map((name) => all[name][key])).size > 1);
  const rows = others.map((name) => {
    const changed = keys.filter((key) => all[name][key] !== all[base][key]);
    const { value = null, low = null, high = null, note } = difference(name, base, changed);
    return [nameLink(name), signed(value), low == null ? MISSING : range(low, high, signed), note];
  });
  section.append(element("h4", {}, "Accuracy, compared with ", nameLink(base)));
  section.append(table("Differences in accuracy", ["Experiment", "Difference", "95% interval", "Computed from"], rows));
  // Curves of one epoch are single points.
  const isDrawn = names.some((name) => data.curves[name]?.epoch.length > 1);
  const splits = Object.keys(SPLITS).filter((split) => isDrawn && names.some((name) => data.curves[name]?.[`${split}_loss`]));
  const common = splits.find((split) => names.every((name) => data.curves[name]?.[`${split}_loss`]));
  const choice = element("select", {}, ...splits.map((split) => element("option", { value: split }, SPLITS[split])));
  const place = element("div", { class: "charts" });
  section.append(element("h4", {}, isDrawn ? "Trials and learning curves" : "Trials"));
  section.append(isDrawn ? element("label", { class: "small" }, "Curves of the images for ", choice)
    : element("p", { class: "small quiet" }, "No trial trained for more than one epoch, so there are no learning curves."), place);
  const draw = () => {
    charts.forEach((drawn) => drawn.destroy());
    place.replaceChildren();
    const made = [trialDots(names), ...(choice.value ? ["accuracy", "loss"].map((metric) => curves(names, choice.value, metric)) : [])];
    place.append(...made.map((one) => one.place));
    charts = made.map((one) => one.draw());
  };
  if (common) choice.value = common;
  choice.addEventListener("change", draw);
  draw();
  section.append(element("h4", {}, "Settings that differ"));
  section.append(table("Settings that differ", ["Setting", ...names], keys.sort().map((key) => [element("code", {}, key), ...names.map((name) => all[name][key] ?? MISSING)])));
  addButtons(section);
}
let resized;
addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(() => charts.forEach((drawn) => drawn.setSize({ width: drawn.root.parentElement.clientWidth, height: 300 })), 150);
});
