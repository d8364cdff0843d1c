const en = {
  scopes: {
    legend: "What may it do?",
    everything: "Everything",
    ALL: "Whatever this kind of key can do at all, now and later.",
    ACCOUNT_READ: "See your account.",
    ACCOUNT_WRITE: "Change your account: name, password, sessions and tokens.",
    PROJECTS_READ: "See projects and their settings.",
    PROJECTS_WRITE: "Create, change and delete projects and rotate their keys.",
    API_KEYS_READ: "See API keys, without their secrets.",
    API_KEYS_WRITE: "Make, change, rotate and delete API keys.",
    TRACK_WRITE: "Send events from a server.",
    REPORTS_READ: "Ask for reports and watch live.",
    ADS_READ: "See ads, what they cost and what they brought.",
    ADS_WRITE: "Import what ads cost, undo imports and keep ad accounts.",
    VISITORS_READ: "Export what is known of a visitor.",
    VISITORS_ERASE: "Erase a visitor.",
    JOBS_READ: "See what runs in the background and what failed.",
    JOBS_WRITE: "Cancel, retry and discard what runs in the background.",
  },
};

export default en;
