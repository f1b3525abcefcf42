(() => {
  try {
    const theme = localStorage.getItem("hc.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage can be forbidden; the system's theme is used then.
  }
})();
