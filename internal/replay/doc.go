// Package replay holds what servers that are shaped like a provider share: the
// faults that they inject and the quotas that they enforce. A folder below it
// is one provider. They feed the demo estate and the tests of the collectors,
// and make nothing up on their own: the same seed, contents and calls give the
// same answers.
package replay
