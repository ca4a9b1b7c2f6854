package bulwark

// Trial is what a check that is not stored would answer: what is wrong with it,
// how its own tests end, and what it says of live assets beside what the check
// in force says.
type Trial struct {
	Problems []Problem // with any, nothing was judged
	Tests    []TestResult
	Assets   int64 // that were judged
	Whole    bool  // they are all of its types within the scopes
	InForce  bool  // a check of its id judges now
	Now      Tally // by the check in force, all zero when there is none
	Tried    Tally // by the one that is tried
	Changes  int64
	Changed  []VerdictChange // the first of them
}

// TestResult is how an inline test of a check ended.
type TestResult struct {
	Name    string
	Want    State
	Problem string // empty when it passed
	Line    int
}

// VerdictChange is an asset of which a tried check says something else.
type VerdictChange struct {
	Asset, Type, Name, Scope string

	Now     State // by the check in force; not applicable when there is none
	Tried   State
	Because string // of the tried one
}
