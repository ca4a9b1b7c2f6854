package helm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// archive adds the files of a packaged chart, without the folder that holds
// them all. Links and names that lead out of it are passed over.
func (l *loader) archive(data []byte, at, prefix string, t tree) error {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("not a packaged chart: %w", err)
	}
	defer z.Close()
	r := tar.NewReader(z)
	for entries := 0; ; entries++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the packaged chart: %w", err)
		}
		_, name, ok := strings.Cut(path.Clean(h.Name), "/")
		if h.Typeflag != tar.TypeReg || !ok || strings.Contains("/"+h.Name+"/", "/../") || strings.Contains(h.Name, "\\") {
			if entries > maxFiles {
				return fmt.Errorf("more than %d entries", maxFiles)
			}
			continue
		}
		if h.Size > maxFileBytes {
			return fmt.Errorf("%s has %d bytes, more than the %d that are read", name, h.Size, maxFileBytes)
		}
		if !l.take(at, int(h.Size)) {
			return errors.New("the archive holds more than is read")
		}
		content, err := io.ReadAll(io.LimitReader(r, maxFileBytes))
		if err != nil {
			return fmt.Errorf("read %s in the packaged chart: %w", name, err)
		}
		t[path.Join(prefix, name)] = file{bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")), path.Join(at, name)}
	}
}

// IsArchive reports whether data is a gzipped tar that begins like a packaged
// chart: with the Chart.yaml in its one folder, as Helm writes it.
func IsArchive(data []byte) bool {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return false
	}
	defer z.Close()
	r := tar.NewReader(io.LimitReader(z, maxFileBytes))
	for range 8 { // folders and extended headers may come first
		h, err := r.Next()
		if err != nil {
			return false
		}
		if h.Typeflag == tar.TypeReg {
			return path.Base(h.Name) == "Chart.yaml" && strings.Count(path.Clean(h.Name), "/") == 1
		}
	}
	return false
}
