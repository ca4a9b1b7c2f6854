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

// maxHeaders bounds what an archive holds besides its files.
const maxHeaders = 16 << 20

var errFull = errors.New("the archive holds more than is read")

// archive adds the files of a packaged chart, without the folder that holds
// them all. Links and names that lead out of it are passed over.
func (l *loader) archive(data []byte, at, prefix string, t tree) error {
	if l.full || l.bytes < 0 {
		return errFull
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("not a packaged chart: %w", err)
	}
	defer z.Close()
	whole := int64(l.bytes) + maxHeaders
	all := &io.LimitedReader{R: z, N: whole}
	taken := 0
	defer func() { l.bytes -= int(whole-all.N) - taken }() // headers count too, so that a thousand archives are bounded
	r := tar.NewReader(all)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) && all.N > 0 {
			return nil
		}
		if all.N <= 0 {
			return errFull
		}
		if err != nil {
			return fmt.Errorf("read the packaged chart: %w", err)
		}
		size := int(min(h.Size, maxBytes+1)) // also of an entry that is passed over: it is unpacked
		if !l.take(at, size) {
			return errFull
		}
		taken += size
		_, name, ok := strings.Cut(path.Clean(h.Name), "/")
		if h.Typeflag != tar.TypeReg || !ok || strings.Contains("/"+h.Name+"/", "/../") || strings.Contains(h.Name, "\\") {
			continue
		}
		if h.Size > maxFileBytes {
			return fmt.Errorf("%s has %d bytes, more than the %d that are read", name, h.Size, maxFileBytes)
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
