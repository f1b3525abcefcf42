import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { prefs } from "./app/prefs";
import { makeQueryClient } from "./app/query-client";
import { makeRouter } from "./app/router";
import { bestLanguage, loadLanguage, locale } from "./i18n";
import "./styles/app.css";

const { language } = prefs.get();
await loadLanguage(language === "system" ? bestLanguage(navigator.languages) : language);
document.documentElement.lang = locale();

const cache = makeQueryClient();
const router = makeRouter(cache);

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
