const en = {
  adpanel: {
    title: "Ads",
    campaign: "Campaign",
    all: "All campaigns",
    notFiltered: "Filters do not apply to ads.",
    columns: {
      spend: { name: "Spend", definition: "What the platforms report." },
      clicks: { name: "Clicks", definition: "As the platforms report them." },
      landed: { name: "Sessions", definition: "Sessions that came from ads, without bots." },
      revenue: { name: "Revenue", definition: "What the conversions of these sessions are worth." },
      roas: { name: "ROAS", definition: "Revenue divided by spend." },
      costPerQuality: { name: "Cost per quality session", definition: "Spend divided by the sessions, each weighed by its quality score." },
    },
  },
};

export default en;
