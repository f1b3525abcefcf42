import { app } from "./app";
import { centre } from "./centre";
import { engine } from "./engine";
import { inbox } from "./inbox";
import { intake } from "./intake";
import { issues } from "./issues";
import { settings } from "./settings";
import { words } from "./words";

/**
 * Every word the interface says, in English, by area. A message is a whole sentence with {placeholders}; one
 * with plural forms chooses by {count}. Values that come from the server have keys of the form "noun.value".
 */
export const en = {
  ...app,
  ...words,
  ...inbox,
  ...issues,
  ...settings,
  ...intake,
  ...engine,
  ...centre,
} as const;
