package web

import (
	"io/fs"
	"testing"
)

func TestFS(t *testing.T) {
	if _, err := fs.Stat(FS(), "README.txt"); err != nil {
		t.Errorf("the embedded folder lacks what is committed: %v", err)
	}
	_, err := fs.Stat(FS(), "index.html")
	if got, want := Built(), err == nil; got != want {
		t.Errorf("Built() = %v, want %v", got, want)
	}
	if !Built() {
		return
	}
	files, err := fs.Glob(FS(), "assets/index-*.js")
	if err != nil || len(files) == 0 {
		t.Errorf("a built application has no script assets/index-*.js: %v, %v", files, err)
	}
}
