package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/export"
)

// formatOf returns the writer of a report format.
func formatOf(name string) (func(io.Writer, *bulwark.Report) error, error) {
	f, err := export.ByName(name)
	if err != nil {
		return nil, err
	}
	return f.Write, nil
}

// dropKnown leaves out of the report the findings that the baseline has.
func (f *scanFlags) dropKnown(r *bulwark.Report) error {
	if f.baseline == "" {
		return nil
	}
	file, err := os.Open(f.baseline)
	if err != nil {
		return fmt.Errorf("read baseline: %w", err)
	}
	defer file.Close()
	known, err := export.ReadBaseline(file)
	if err != nil {
		return err
	}
	r.Findings = slices.DeleteFunc(r.Findings, func(x bulwark.Finding) bool { return known[x.ID] })
	return nil
}
