package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
)

// TestGather reads each testdata/*.txtar as a root folder; the file "want" is
// the asset. BULWARK_UPDATE=1 rewrites it.
func TestGather(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no testdata")
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			root := fstest.MapFS{}
			want := -1
			for i, f := range ar.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				root[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
			}
			got := gather(t, &Host{FS: root, Live: root["proc/net/tcp"] != nil, Now: func() time.Time { return time.Time{} }})
			if os.Getenv("BULWARK_UPDATE") != "" {
				ar.Files[want].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(ar.Files[want].Data), got); diff != "" {
				t.Errorf("Gather (-want +got):\n%s", diff)
			}
		})
	}
}

func gather(t testing.TB, h *Host) string {
	t.Helper()
	var b strings.Builder
	err := h.Gather(context.Background(), func(g bulwark.Gathered) error {
		switch {
		case g.Scope != nil:
			fmt.Fprintf(&b, "scope %s %s\n", g.Scope.Path, g.Scope.Name)
		case g.Asset != nil:
			fmt.Fprintf(&b, "asset %s %s %s\n", g.Asset.ID, g.Asset.Name, g.Asset.Scope)
			for _, v := range []bulwark.Value{g.Asset.Properties, g.Asset.Observed} {
				for name, c := range v.Children() {
					var out bytes.Buffer
					if c.Kind() == bulwark.List {
						fmt.Fprintf(&b, "%s:\n", name)
						for _, e := range c.Children() {
							fmt.Fprintf(&b, "  %s @ %s\n", e, e.Position())
						}
						continue
					}
					json.Compact(&out, []byte(c.String()))
					fmt.Fprintf(&b, "%s: %s\n", name, out.String())
				}
			}
		case g.Gap != nil:
			fmt.Fprintf(&b, "gap %s %s: %s\n", g.Gap.What, g.Gap.Where, g.Gap.Why)
		case g.Listing != nil:
			fmt.Fprintf(&b, "listing %s %s complete=%v\n", g.Listing.Type, g.Listing.Scope, g.Listing.Complete)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("Gather: %v", err)
	}
	return b.String()
}

// TestGatherThisMachine reads the machine that runs the test.
func TestGatherThisMachine(t *testing.T) {
	if _, err := os.Stat("/etc/os-release"); err != nil {
		t.Skip("this machine is no Linux distribution")
	}
	h := Local(nil)
	h.ID = "test"
	out := gather(t, h)
	for _, want := range []string{"packages:", "users:", "sysctl:", "mounts:", "sockets:", `"release":`} {
		if !strings.Contains(out, want) {
			t.Errorf("this machine's asset lacks %s", want)
		}
	}
	if strings.Contains(out, "$6$") || strings.Contains(out, "$y$") {
		t.Error("a password hash reached the asset")
	}
}

func TestNoMachineID(t *testing.T) {
	err := (&Host{FS: fstest.MapFS{}, Now: time.Now}).Gather(context.Background(), func(bulwark.Gathered) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "machine-id") {
		t.Errorf("Gather without an id = %v, want an error that names /etc/machine-id", err)
	}
}

func TestHashName(t *testing.T) {
	for field, want := range map[string]string{"$6$x$y": "sha512", "!$1$x$y": "md5", "": "", "*": "", "$y$j9T$x": "yescrypt", "abcdefghijklm": "des"} {
		if got := hashName(field); got != want {
			t.Errorf("hashName(%q) = %q, want %q", field, got, want)
		}
	}
}

func FuzzGather(f *testing.F) {
	f.Add("etc/ssh/sshd_config", []byte("Include /etc/ssh/sshd_config\nPermitRootLogin yes\nMatch all\n"))
	f.Add("etc/sudoers", []byte("#includedir /etc\n@include /etc/sudoers\nroot ALL=(ALL) NOPASSWD: ALL\\\n"))
	f.Add("var/lib/dpkg/status", []byte("Package: a\nStatus: install ok installed\n\n"))
	f.Add("etc/passwd", []byte("root:x:0:0::/root:/bin/sh\na::0:0:::\n"))
	f.Add("etc/crontab", []byte("@daily root x\n* * * * * root y\n"))
	f.Add("var/lib/rpm/Packages", []byte("\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		root := fstest.MapFS{"etc/machine-id": {Data: []byte("m")}}
		root[name] = &fstest.MapFile{Data: data}
		h := &Host{FS: root, ID: "m", Now: func() time.Time { return time.Time{} }}
		if err := h.Gather(context.Background(), func(bulwark.Gathered) error { return nil }); err != nil && !strings.Contains(err.Error(), "invalid") {
			t.Fatalf("Gather with %q in %q: %v", data, name, err)
		}
	})
}
