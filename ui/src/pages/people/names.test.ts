import { expect, test } from "vitest";
import { attrsText, readAttrs } from "./names";

test("attributes are written and read line by line", () => {
  const attrs = { tier: "gold", "MRR in €": "900" };
  expect(readAttrs(attrsText(attrs), attrs)).toEqual(attrs);
});

test("a line that is gone removes the attribute, one without a value is passed over", () => {
  expect(readAttrs("region: eu\nnonsense\n = x", { tier: "gold" })).toEqual({ tier: "", region: "eu" });
});
