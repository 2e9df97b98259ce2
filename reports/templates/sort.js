for (const header of document.querySelectorAll("table.sortable thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  header.append(button);
  button.addEventListener("click", () => {
    const body = header.closest("table").tBodies[0];
    const sign = header.ariaSort === "descending" ? 1 : -1;
    for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending");
    const value = row => row.children[header.cellIndex].dataset.value ?? "";
    const compare = (a, b) => a === "" || b === "" ? (a === "") - (b === "")
      : sign * (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
    body.append(...[...body.rows].sort((a, b) => compare(value(a), value(b))));
  });
}
