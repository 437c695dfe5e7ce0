# What `inkstack check --format json` finds, as GitLab shows it in a merge request.
[ .[] | {
    description: "\(.message): \(.remedy)",
    check_name: .code,
    fingerprint: ("\(.code) \(.file) \(.line) \(.col)" | @base64),
    severity: (if .severity == "error" then "critical" else "minor" end),
    location: { path: .file, lines: { begin: .line } }
} ]
