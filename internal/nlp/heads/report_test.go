package heads

import _ "embed" // for the report

//go:embed REPORT.md
var report string
