// Package store keeps what was collected and judged: assets and their history,
// verdicts, findings, counters, gaps, exemptions, and who may do what. It is
// the only SQL. SQLite (the default) and PostgreSQL stand behind one Store,
// one SQL text and one contract test.
//
// Writing goes through one goroutine a Store, which takes single changes
// before bulk. Put stores gathered assets and marks what must be judged;
// Apply stores verdicts; Absent finds what is gone. Each is one
// transaction of one scope: it locks the scope's row, compares with what is
// stored, writes only what differs, moves findings through their life, changes
// counters by deltas and leaves one packed message in the outbox. A process may
// be killed anywhere: what is half done is rolled back, what is to be judged is
// still marked.
//
// Reading uses a pool that cannot write and never keeps a transaction open
// across a page.
//
// Use tells what content says of checks and types. A verdict is applied under
// the Revision that was taken before anything was read for it, so that what
// changes meanwhile is judged again.
//
// Writing: Put, Apply, ApplyJudged, NoteListings, Absent, Remove, Unlisted, NameScopes,
// ReportGaps, EndGaps, EndGapsOf,
// MarkTypes, MarkDue, AddExemption, DeleteExemption, ExpireExemptions, Recount,
// Use, AddScorePoint, SaveRun, EndRuns, SaveConnector, RemoveConnector, DeleteOutbox.
// Reading: Revision, DirtyScopes, Marked, MarkedAmong, LoadMarked, Dirty,
// CountDirty, Load, Sources, Scopes, Counts, EachStates, ScoreHistory, Turns, Assets,
// AssetFacets, AssetRows, Asset, RelationsTo, Versions, ConfigAt, Assessments,
// Findings, FindingFacets, Finding, Gaps, GapFacets, Listings, Exemptions,
// Exemption, Runs, Connectors, ConnectorScopes, Outbox.
// People: User, Users, AddUser, DeleteUser, AddSession, Session,
// DeleteSession, AddToken, Tokens, Token, DeleteToken, AddLink, Link, TakeLink,
// Audit, AuditLog, VerifyAudit.
// The rest: Setting, SetSetting, Seal, Unseal, Secrets, DeleteSecret, RotateKeys, Subkey,
// Backup, Restore, ReadOnly, Ping.
package store
