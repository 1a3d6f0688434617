// Uses the page of statistics as a person would, and writes down what did not happen.
"use strict";
{
  const failures = [];
  const byName = id => document.getElementById(id);
  const press = key =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const slide = (id, share) => {
    byName(id).value = share;
    byName(id).dispatchEvent(new Event("input"));
  };
  const expect = (isSo, what) => { if (!isSo) failures.push(what); };
  const shown = JSON.parse(byName("data").textContent);
  const count = shown.values[0].rad.length;
  // Numbers that `stats show` prints, of the same rule: END SHARE CLOSED, and the closed channels.
  const expected = JSON.parse(byName("expected").textContent);

  const options = [...document.querySelectorAll("#values [role=option]")];
  expect(options.length === shown.values.length, "every value is listed");
  expect(document.title.includes("RAD"), "the title says what it is");
  expect(document.querySelectorAll("#histogram rect.kept").length > 8, "the histogram is drawn");
  expect(document.querySelectorAll("#ranks polygon.band").length === 1, "standard errors are drawn");
  for (const { top, bottom, closed } of expected) {
    slide("top", top);
    slide("bottom", bottom);
    const found = [];
    for (let rank = 0; rank < count; rank++) {
      chooseRank(rank);
      const [, channel, state] = byName("chosen").textContent.match(/channel (\d+),.* (closed|kept)$/);
      if (state === "closed") found.push(Number(channel));
    }
    found.sort((a, b) => a - b);
    expect(found.join() === closed.join(), `${top} and ${bottom} close ${found.length} channels`);
    expect(document.querySelector("#value code").textContent.includes(`--exclude-top ${top} --exclude-bottom ${bottom}`),
      "the command has the shares");
  }
  slide("top", 0.9);
  expect(Number(byName("bottom").value) < 0.1, "one slider pushes the other away");
  byName("reset").click();
  expect(byName("top").value === String(shown.excludeTop), "Reset goes back");

  press("Escape");
  press("ArrowRight");
  expect(byName("chosen").textContent.startsWith("rank 1:"), "→ chooses the first channel");
  expect(byName("mark").children.length === 2, "the channel is marked");
  press("ArrowRight");
  press("ArrowLeft");
  expect(byName("chosen").textContent.startsWith("rank 1:"), "← goes back");
  press("Escape");
  expect(!byName("mark").children.length, "Escape takes the mark away");
  const box = byName("ranks").getBoundingClientRect();
  byName("ranks").dispatchEvent(new PointerEvent("pointermove",
    { clientX: box.left + box.width / 2, clientY: box.top + 20 }));
  expect(/RAD .*±.*inside/.test(byName("chosen").textContent), "pointing tells of a channel");
  document.querySelector("#extremes tr[data-rank]").click();
  expect(byName("chosen").textContent.startsWith("rank 1:"), "a row chooses its channel");

  if (options.length > 1) {
    press("ArrowDown");
    expect(options[1].getAttribute("aria-selected") === "true", "↓ chooses the next value");
    press("k");
    expect(options[0].getAttribute("aria-selected") === "true", "k goes back");
  }
  const images = [...document.querySelectorAll("figure img")];
  expect(images.length === expected.at(-1).images, `${images.length} heat maps`);
  expect(images.every(image => image.src.startsWith("data:image/png;base64,")), "pictures are in the page");
  expect(document.documentElement.scrollWidth <= innerWidth, "nothing is wider than the window");

  Promise.all(images.map(image => image.decode())).catch(() => failures.push("a picture is damaged"))
    .then(() => {
      const verdict = document.body.appendChild(document.createElement("output"));
      verdict.id = "verdict-of-test";
      verdict.textContent = failures.length ? `failed: ${failures.join("; ")}` : "all is well";
    });
}
