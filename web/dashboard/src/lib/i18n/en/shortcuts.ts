const en = {
  shortcuts: {
    title: "Keyboard shortcuts",
    d: "Today",
    w: "Last 7 days",
    m: "Last 30 days",
    y: "Last 12 months",
    c: "Next comparison",
    f: "Add a filter",
    search: "Search in the list of this page",
    help: "Show this help",
    clear: "Clear all filters",
    on: "Use these keys",
    onHint: "Switch them off if they get in the way, for example of speech input.",
  },
};

export default en;
