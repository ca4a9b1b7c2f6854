// Package web embeds the browser application that `npm run build` makes from
// this folder. It holds no logic: the api package serves it.
package web

import (
	"embed"
	"io/fs"
)

// The pattern needs one file to compile before the first build; README.txt is
// committed for that, and the build copies it from public/.
//
//go:embed all:dist
var dist embed.FS

// FS returns the built application: index.html, and assets/ whose names carry
// a digest of their content and may be cached for ever. Before the first build
// it holds no index.html; see Built.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: " + err.Error()) // dist is a valid path; embed guarantees the folder
	}
	return sub
}

// Built reports whether the application was built before the program was.
func Built() bool {
	_, err := fs.Stat(FS(), "index.html")
	return err == nil
}
