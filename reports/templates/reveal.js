// A link to something folded unfolds it.
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let element = target; element; element = element.parentElement) if (element.tagName === "DETAILS") element.open = true;
  target?.scrollIntoView();
};
addEventListener("hashchange", reveal);
if (location.hash) reveal();
// What is folded is printed as well.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((element) => { element.open = true; }));
