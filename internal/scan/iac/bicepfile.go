package iac

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/bicep"
)

// scanBicep reads the Bicep files of the tree. One that another calls as a
// module is judged there, with the parameters that it is given, and not by
// itself; of files that call each other in a circle the first is a root.
func (s *Scanner) scanBicep(ctx context.Context, files []string, out *output) error {
	var names []string
	called := map[string]bool{}
	for _, name := range files {
		if strings.ToLower(path.Ext(name)) != ".bicep" {
			continue
		}
		names = append(names, name)
		if data, err := readFile(s.opts.FS, name); err == nil {
			for _, module := range bicep.Modules(name, data) {
				called[module] = called[module] || module != name
			}
		}
	}
	read := map[string]bool{}
	for _, roots := range []bool{true, false} {
		for _, name := range names {
			if read[name] || roots && called[name] {
				continue
			}
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("iac: scan %s: %w", name, err)
			}
			assets, gaps := s.scanBicepRoot(ctx, name, read)
			if err := out.add(assets, gaps); err != nil {
				return err
			}
		}
	}
	return nil
}

// scanBicepRoot reads a file with the modules that it calls, and notes them as
// read.
func (s *Scanner) scanBicepRoot(ctx context.Context, name string, read map[string]bool) ([]*bulwark.Asset, []bulwark.Gap) {
	read[name] = true
	t, err := bicep.Read(name, func(name string) ([]byte, error) { return readFile(s.opts.FS, name) })
	if err != nil {
		return nil, []bulwark.Gap{fileGap("Bicep file", name, err)}
	}
	silenced := map[string]comments{}
	for file, data := range t.Files {
		read[file] = true
		silenced[file] = lineSuppressions(data, file, "//", "/*")
	}
	assets, gaps := s.evaluateARM(ctx, t.Root, name, silenced)
	return assets, append(t.Gaps, gaps...)
}
