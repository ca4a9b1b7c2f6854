package main

import (
	"bytes"
	"os"
	"testing"
)

// TestModelIsCurrent fails when the SDK or the handlers changed and model.txt
// was not generated again.
func TestModelIsCurrent(t *testing.T) {
	if _, err := os.Stat(moduleCache()); err != nil {
		t.Skip("no module cache: ", err)
	}
	want, err := Generate("../../../../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../model.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("model.txt is not what the SDK's sources say: run go generate ./internal/replay/aws/wire")
	}
}
