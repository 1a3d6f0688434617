// Uses the page of a diff as a person would, and writes down what did not happen.
"use strict";
{
  const failures = [];
  const rows = () => [...document.querySelectorAll(".row")];
  const chosen = () => document.querySelector("[aria-selected=true]");
  const details = () => document.getElementById("details");
  const press = (key, target = document.body) =>
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const search = document.getElementById("search");
  const type = text => {
    search.value = text;
    search.dispatchEvent(new Event("input"));
  };
  const expect = (isSo, what) => { if (!isSo) failures.push(what); };

  const whole = rows().length;
  expect(whole > 50, "the rows are shown");
  expect(document.querySelectorAll("#rows svg path").length >= whole, "edges are drawn");
  expect(document.title.includes("→"), "the title names both files");
  for (const button of document.querySelectorAll("[data-filter]")) {
    button.click();
    const count = Number(button.textContent.split(" ").pop());
    expect(rows().length === count, `${button.textContent} shows ${rows().length}`);
    expect(button.getAttribute("aria-pressed") === "true", `${button.textContent} is pressed`);
  }
  document.querySelector("[data-filter=all]").click();

  press("ArrowDown");
  expect(chosen() === rows()[0], "the arrow selects the first row");
  press("j");
  expect(chosen() === rows()[1], "j selects the next row");
  press("k");
  expect(chosen() === rows()[0], "k goes back");
  press("n");
  expect(/state-(changed|added|removed|folded)/.test(chosen().innerHTML), "n finds a change");
  const shown = chosen().getBoundingClientRect(), panel = details().getBoundingClientRect();
  expect(shown.bottom <= (panel.left > 0 ? innerHeight : panel.top), "the chosen row is in sight");
  press("Escape");
  expect(!chosen() && details().classList.contains("closed"), "Escape closes the details");

  type("stage3.2.conv3");
  expect(rows().length > 0 && rows().length < whole, "the search leaves what it names");
  rows()[0].click();
  expect(details().textContent.includes("116 of 192 kept"), "details count channels");
  expect(details().textContent.includes("RAD") || details().textContent.includes("stronger"),
    "details know the statistics");
  const grid = details().querySelector("canvas");
  expect(grid && grid.height > 0, "channels are drawn");
  grid.dispatchEvent(new MouseEvent("mousemove", { clientX: grid.getBoundingClientRect().x + 2,
    clientY: grid.getBoundingClientRect().y + 2 }));
  expect(/channel 0: (kept|removed)/.test(details().textContent), "a channel says what became of it");
  search.focus();
  press("Escape", search);
  expect(rows().length === whole, "Escape empties the search");
  type("nobody is called so");
  expect(rows().length === 0 && document.querySelector(".empty"), "nothing is said to be nothing");
  type("");
  expect(document.documentElement.scrollWidth <= innerWidth, "nothing is wider than the window");

  const verdict = document.body.appendChild(document.createElement("output"));
  verdict.id = "verdict-of-test";
  verdict.textContent = failures.length ? `failed: ${failures.join("; ")}` : "all is well";
}
