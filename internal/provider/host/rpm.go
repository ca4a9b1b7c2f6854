package host

import (
	"fmt"
	"strings"

	rpmdb "github.com/knqyf263/go-rpmdb/pkg"

	"github.com/bulwarksec/bulwark"
)

func readRPM(file string) (list []pkg, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: rpm database: %v", bulwark.ErrInvalid, r)
		}
	}()
	db, err := rpmdb.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%w: rpm database: %v", bulwark.ErrInvalid, err)
	}
	defer db.Close()
	infos, err := db.ListPackages()
	if err != nil {
		return nil, fmt.Errorf("%w: rpm database: %v", bulwark.ErrInvalid, err)
	}
	for _, p := range infos {
		version := p.Version + "-" + p.Release
		if p.Epoch != nil && *p.Epoch != 0 {
			version = fmt.Sprintf("%d:%s", *p.Epoch, version)
		}
		source := strings.TrimSuffix(p.SourceRpm, ".src.rpm")
		for range 2 { // name-version-release
			if i := strings.LastIndexByte(source, '-'); i > 0 {
				source = source[:i]
			}
		}
		list = append(list, pkg{name: p.Name, version: version, arch: p.Arch, source: source, manager: "rpm"})
	}
	return list, nil
}
