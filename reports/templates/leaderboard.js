// The leaderboard: a Tabulator table, whose filter, order and ticked rows are in the address of the page.
const data = JSON.parse(document.getElementById("data")?.textContent ?? "null");
const MISSING = "–";
const fixed = (value, digits = 4) => value == null ? MISSING : value.toFixed(digits).replace("-", "−");
const signed = (value) => value == null ? MISSING : (value >= 0 ? "+" : "") + fixed(value);
const grouped = (value) => value == null ? MISSING : Math.round(value).toLocaleString("en-US");
const slug = (name) => name.toLowerCase().replace(/[^a-z0-9_]+/g, "-").replace(/^-+|-+$/g, "");

// Return an element; strings among its children are text.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// An experiment's name as a link to its card. Lines may break after an underscore only.
function nameLink(name) {
  const code = element("code");
  name.split("_").forEach((part, i, parts) => {
    code.append(i < parts.length - 1 ? `${part}_` : part);
    if (i < parts.length - 1) code.append(element("wbr"));
  });
  return element("a", { href: `#${slug(name)}` }, code);
}

const lines = (text, ...small) => {
  const cell = element("div", {}, text);
  for (const line of small) if (line) cell.append(element("small", {}, line));
  return cell;
};
const range = (low, high, write = fixed) => low == null || high == null ? "" : `${write(low)} to ${write(high)}`;
const count = (trials) => trials == null ? "" : `${trials} trial${trials === 1 ? "" : "s"}`;
const deviation = (std) => std == null ? "" : `± ${fixed(std)}`;

// Accuracies that cannot be compared with the others stand below them, as missing ones do.
const comparable = (a, b, rowA, rowB, column, dir) => {
  const last = (value, row) => value == null || row.getData().remark != null;
  return last(a, rowA) - last(b, rowB) ? (last(a, rowA) - last(b, rowB)) * (dir === "asc" ? 1 : -1) : a - b;
};
const number = (title, field, write, more = {}) => ({
  title, field, hozAlign: "right", headerHozAlign: "right", sorter: "number", headerSortStartingDir: "desc",
  sorterParams: { alignEmptyValues: "bottom" }, formatter: (cell) => write(cell.getValue(), cell.getData()), ...more,
});

const thisRun = () => number(data.comparable ? "Accuracy" : "This run", "mean", (value, row) => lines(fixed(value), deviation(row.std), range(row.ci_low, row.ci_high),
  row.remark ?? (row.split === "test" || value == null ? "" : `${row.split} split`)), { minWidth: 120, sorter: comparable });
// With reduced budgets the reference results come first, in the rows as in the columns.
const columns = () => [
  { title: "<span class='unseen'>Compare</span>", field: "ticked", formatter: "rowSelection", headerSort: false, hozAlign: "center", width: 40, frozen: true },
  { title: "Experiment", field: "name", widthGrow: 3, minWidth: 150, frozen: true, headerSortStartingDir: "asc",
    formatter: (cell) => lines(nameLink(cell.getValue()), cell.getData().title) },
  ...(data.comparable ? [thisRun()] : []),
  number("Reference", "reference", (value, row) => lines(fixed(value), deviation(row.reference_std), count(row.reference_trials)), { minWidth: 84 }),
  number("Published", "published", (value, row) => lines(fixed(value), deviation(row.published_std)), { minWidth: 84 }),
  number(data.comparable ? "Difference" : "Reference − published", "delta",
    (value, row) => lines(signed(value), range(row.delta_low, row.delta_high, signed)), { minWidth: 128 }),
  { title: "Verdict", field: "verdict", minWidth: 112, sorter: "string", headerSortStartingDir: "asc", formatter: (cell) =>
    cell.getValue() ? element("span", { class: `chip ${cell.getValue()}` }, cell.getValue()) : MISSING },
  ...(data.comparable ? [] : [thisRun()]),
  number("Trials", "trials", (value, row) => `${row.finished} of ${value}`, { minWidth: 62 }),
  number("Parameters", "parameters", grouped, { headerSortStartingDir: "asc", minWidth: 100 }),
  number("Seconds", "seconds", (value) => fixed(value, 1), { headerSortStartingDir: "asc", minWidth: 76 }),
  number("Images / s", "rate", grouped, { minWidth: 76 }),
  { title: "Rank", field: "rank", visible: false, sorter: "number" },
  { title: "Document, data set", field: "document", minWidth: 118, headerSortStartingDir: "asc",
    formatter: (cell) => lines(cell.getValue(), cell.getData().dataset) },
];
const FILTERS = ["text", "document", "dataset", "verdict"];
const MOST = 6;
// The order before any other: Tabulator does not return to that of the data, and changes the object that it is given.
const ranked = () => [{ column: "rank", dir: "asc" }];

function leaderboard() {
  const form = document.getElementById("filters"), output = form.querySelector("output");
  for (const key of FILTERS.slice(1)) {
    const values = [...new Set(data.rows.map((row) => row[key]).filter(Boolean))].sort();
    form.elements[key].append(...values.map((value) => element("option", { value }, value)));
  }
  form.hidden = false;
  // What cannot be compared with the others has no place in the order, and no accuracy to sort by.
  const rows = [...data.rows], main = (row) => (data.comparable ? null : row.reference) ?? null;
  const best = (a, b) => !!a.remark - !!b.remark || (main(b) ?? -1) - (main(a) ?? -1) || (b.mean ?? -1) - (a.mean ?? -1);
  rows.sort(best).forEach((row, i) => { row.rank = i + 1; });
  const table = new Tabulator("#board", {
    data: rows, index: "name", columns: columns(), layout: "fitColumns", renderVertical: "basic", maxHeight: "85vh",
    initialSort: ranked(),
    selectableRows: "highlight", placeholder: "No experiment matches the filter.", columnDefaults: { resizable: false, headerSortTristate: true },
    headerSortElement: "<span class='order' aria-hidden='true'></span>",
  });
  let ready = false;
  const state = () => new URLSearchParams(location.hash.split("?")[1] ?? "");
  const selected = () => table.getSelectedData().map((row) => row.name);

  function matches(row) {
    const text = form.elements.text.value.trim().toLowerCase();
    return (!text || `${row.name} ${row.title}`.toLowerCase().includes(text))
      && FILTERS.slice(1).every((key) => !form.elements[key].value || row[key] === form.elements[key].value);
  }
  function store() {
    if (!ready) return;
    const values = new URLSearchParams();
    for (const key of FILTERS) if (form.elements[key].value) values.set(key, form.elements[key].value);
    const [sorter] = table.getSorters();
    if (sorter && sorter.field !== "rank") values.set("sort", `${sorter.field} ${sorter.dir}`);
    if (selected().length) values.set("compare", selected().join(" "));
    const text = values.toString().replaceAll("+", "%20");
    if (text || location.hash.startsWith("#leaderboard?")) history.replaceState(null, "", `#leaderboard${text ? `?${text}` : ""}`);
  }
  function apply() {
    table.setFilter(matches);
    output.textContent = `${table.getDataCount("active")} of ${rows.length} experiments`;
    store();
  }
  function restore() {
    if (!location.hash.startsWith("#leaderboard?")) return;
    const values = state();
    for (const key of FILTERS) form.elements[key].value = values.get(key) ?? "";
    const [field, dir] = (values.get("sort") ?? "").split(" ");
    table.setSort(field && dir ? [{ column: field, dir }] : ranked());
    table.deselectRow();
    const names = (values.get("compare") ?? "").split(" ").filter((name) => table.getRow(name));
    if (names.length) table.selectRow(names.slice(0, MOST));
    apply();
  }
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(() => { table.setSort(ranked()); table.deselectRow(); apply(); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of form.querySelectorAll("[data-format]")) {
    button.addEventListener("click", () => download(`leaderboard.${button.dataset.format}`, exported(table.getData("active"), button.dataset.format)));
  }
  table.on("rowSelectionChanged", (chosen, chosenRows) => {
    if (chosen.length > MOST) return chosenRows.at(-1).deselect();
    compare(chosen.map((row) => row.name));
    const jump = form.querySelector("[data-jump]");
    jump.hidden = chosen.length < 2;
    jump.textContent = `Comparison of ${chosen.length}`;
    store();
  });
  form.querySelector("[data-jump]").addEventListener("click", () => document.getElementById("compare").scrollIntoView());
  table.on("dataSorted", (sorters) => { if (sorters.length) store(); else setTimeout(() => table.setSort(ranked())); });
  table.on("tableBuilt", () => { ready = true; roles(); restore(); apply(); label(); });
  table.on("renderComplete", label);
  addEventListener("hashchange", restore);

  // A grid may have groups of rows as children, but neither nested groups nor a plain element that takes the focus.
  function roles() {
    const [header, holder, body] = [".tabulator-header", ".tabulator-tableholder", ".tabulator-table"].map((name) => table.element.querySelector(name));
    header.setAttribute("role", "presentation");
    holder.setAttribute("role", "rowgroup");
    body.setAttribute("role", "presentation");
    table.element.setAttribute("aria-label", "Leaderboard");
    for (const sortable of table.element.querySelectorAll(".tabulator-col.tabulator-sortable")) {
      sortable.tabIndex = 0;
      sortable.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        sortable.click();
      });
    }
  }
  // Tabulator names its check boxes alike; screen readers need the experiment.
  function label() {
    for (const row of table.getRows("active")) {
      row.getElement().querySelector("input[type=checkbox]")?.setAttribute("aria-label", `Compare ${row.getData().name}`);
    }
  }
}

// Return flat rows as CSV or JSON.
function exported(rows, format) {
  const flat = rows.map(({ ticked, rank, ...row }) => row);
  return format === "json" ? JSON.stringify(flat, null, 2) : csv([Object.keys(flat[0] ?? {}), ...flat.map(Object.values)]);
}
if (data) addEventListener("DOMContentLoaded", leaderboard);
