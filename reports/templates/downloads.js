// Each table can be downloaded as CSV or JSON, and each figure copied as SVG.
const cellText = (cell) => {
  const copy = cell.cloneNode(true);
  copy.querySelectorAll("small").forEach((line) => line.replaceWith(` (${line.textContent})`));
  return copy.textContent.trim().replace(/\s+/g, " ");
};

// A cell that a spreadsheet would take for a formula is preceded by an apostrophe, unless it is a number.
const guarded = (text) => /^[=+\-@\t]/.test(text) && isNaN(text.replace("−", "-")) ? `'${text}` : text;
const quoted = (value) => {
  const text = typeof value === "string" ? guarded(value) : String(value ?? "");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csv = (rows) => rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";

function download(name, text) {
  const types = { csv: "text/csv", json: "application/json", svg: "image/svg+xml" };
  const url = URL.createObjectURL(new Blob([text], { type: `${types[name.split(".").at(-1)]};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function button(text, label, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", () => action(made));
  return made;
}

function tableDownloads(table) {
  const region = table.closest(".scroll"), name = region.getAttribute("aria-label");
  const file = name.toLowerCase().replace(/[^a-z0-9_]+/g, "-").replace(/^-|-$/g, "");
  const rows = () => [...table.rows].map((row) => [...row.cells].map(cellText));
  const records = () => {
    const [head, ...body] = rows();
    return body.map((row) => Object.fromEntries(head.map((key, i) => [key || "name", row[i]])));
  };
  const bar = document.createElement("div");
  bar.className = "buttons";
  bar.append(
    button("CSV", `CSV: download ${name}`, () => download(`${file}.csv`, csv(rows()))),
    button("JSON", `JSON: download ${name}`, () => download(`${file}.json`, JSON.stringify(records(), null, 2))),
  );
  region.after(bar);
}

async function copySvg(svg, made) {
  const copy = svg.cloneNode(true);
  // All figures share one style sheet, which stands in the first of them.
  if (!copy.querySelector("style")) copy.prepend(document.querySelector("figure svg style").cloneNode(true));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const text = new XMLSerializer().serializeToString(copy);
  try {
    await navigator.clipboard.writeText(text);
    made.textContent = "copied";
    setTimeout(() => { made.textContent = "copy SVG"; }, 1500);
  } catch {
    download("figure.svg", text); // Without permission for the clipboard.
  }
}

// Buttons of what is folded are made when it is unfolded: a hundred cards have hundreds of tables.
function addButtons(root) {
  for (const table of root.querySelectorAll(".scroll > table:not(.has-buttons)")) {
    const folded = table.closest("details:not([open])");
    if (folded) continue;
    table.classList.add("has-buttons");
    tableDownloads(table);
  }
  for (const figure of root.querySelectorAll("figure:not(.has-buttons)")) {
    const svg = figure.querySelector("svg");
    if (!svg || figure.closest("details:not([open])")) continue;
    figure.classList.add("has-buttons");
    const bar = document.createElement("div");
    bar.className = "buttons";
    bar.append(button("copy SVG", `copy SVG: ${svg.getAttribute("aria-label")}`, (made) => copySvg(svg, made)));
    figure.append(bar);
  }
}
addEventListener("DOMContentLoaded", () => addButtons(document));
document.addEventListener("toggle", (event) => { if (event.target.open) addButtons(event.target); }, true);
