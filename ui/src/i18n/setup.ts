import { loadLanguage } from "./index";

// Unit tests speak English.
await loadLanguage("en");
