// A link to something folded unfolds it. What follows a question mark is the state of the leaderboard.
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1).split("?")[0]));
  for (let opened = target; opened; opened = opened.parentElement) if (opened.tagName === "DETAILS") opened.open = true;
  target?.scrollIntoView();
};
addEventListener("hashchange", reveal);
if (location.hash) reveal();
// What is folded is printed as well.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
