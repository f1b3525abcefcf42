import { expect, test } from "vitest";
import { apiName, readSteps, share } from "./state";

test.each([
  [
    "5:10m, 50:30m,100:1h",
    [
      { weight: 5, hold: "10m" },
      { weight: 50, hold: "30m" },
      { weight: 100, hold: "1h" },
    ],
  ],
  ["0.5% : 1h30m", [{ weight: 0.5, hold: "1h30m" }]],
  ["100", [{ weight: 100, hold: undefined }]],
  ["101:1m", undefined],
  ["5:soon", undefined],
  ["5;10m", undefined],
  ["", undefined],
])("steps %j are read", (text, want) => {
  expect(readSteps(text)).toEqual(want);
});

test("shares and names as people write them", () => {
  expect([share(5), share(0.5), share(100)]).toEqual(["5%", "0.5%", "100%"]);
  expect([apiName({ api: "shop" }), apiName({ api: "shop", version: "v1" })]).toEqual(["shop", "shop v1"]);
});
