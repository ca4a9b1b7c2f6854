package main

import (
	"fmt"
	"io"

	"github.com/bulwarksec/bulwark"
)

// formatOf returns the writer of a report format.
func formatOf(name string) (func(io.Writer, *bulwark.Report) error, error) {
	if name == "table" {
		return writeTable, nil
	}
	return nil, fmt.Errorf("output %q: %w: want table", name, bulwark.ErrInvalid)
}

// dropKnown leaves out of the report what the baseline has.
func (f *scanFlags) dropKnown(*bulwark.Report) error { return nil }
