// Sets the chosen theme before the first paint. A file of its own, not inline, because of the content security policy.
(function () {
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (e) {
    // Storage is switched off: the system's theme holds.
  }
})();
