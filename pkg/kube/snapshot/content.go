package snapshot

// ContentLabel marks, with the value "true", ConfigMaps whose long texts are read too: those
// that answers are made of. Of others only what is short enough for a setting is kept in memory.
const ContentLabel = "sluice.dev/content"
