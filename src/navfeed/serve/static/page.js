// Comfort for those who have scripts; the page is complete without. It asks nobody for anything.
"use strict";

const links = [...document.querySelectorAll(".rows a")];
const current = links.findIndex((link) => link.hasAttribute("aria-current"));

// On a narrow screen the filters stand above the list: only those in use stay open.
if (window.matchMedia("(max-width: 45rem)").matches) {
  for (const facet of document.querySelectorAll("details.facet")) {
    facet.open = facet.querySelector(".chosen") !== null;
  }
}

// Another order is wanted at once.
const sort = document.getElementById("sort");
if (sort) sort.addEventListener("change", () => sort.form.requestSubmit());

// Where one reads in a long list, the list stays where it is. Who came by j or k goes on from there;
// who followed a link to the ad (#reading) has come to it.
if (current >= 0) {
  links[current].scrollIntoView({ block: "center" });
  if (!location.hash) links[current].focus({ preventScroll: true });
}

function step(by) {
  const focused = links.indexOf(document.activeElement);
  const from = focused >= 0 ? focused : current;
  const next = from < 0 ? (by > 0 ? 0 : links.length - 1) : from + by;
  if (next < 0 || next >= links.length) return;
  const address = new URL(links[next].href);
  address.hash = "";
  // Reading on takes the place of what was read: the back button leads to the list.
  if (current >= 0) location.replace(address);
  else location.assign(address);
}

function follow(selector) {
  const link = document.querySelector(selector);
  if (link) link.click();
}

const keys = {
  "/": () => document.getElementById("text")?.select(),
  j: () => step(1),
  k: () => step(-1),
  o: () => follow("#apply"),
  a: () => follow("a.alone"),
  s: () => follow("#mark-saved"),
  "?": () => {
    const help = document.getElementById("keys");
    if (!help) return;
    help.classList.toggle("open");
    help.scrollIntoView({ block: "nearest" });
  },
  Escape: () => document.getElementById("keys")?.classList.remove("open"),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
