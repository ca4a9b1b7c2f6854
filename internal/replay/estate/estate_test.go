package estate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/aws"
	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
)

var (
	from  = time.Date(2025, 12, 1, 12, 0, 0, 0, time.UTC)
	until = from.AddDate(0, 6, 0)
)

// at is the estate at a part of the history.
func at(part float64) *builder {
	b := &builder{seed: 1, from: from, until: until}
	b.now = b.at(part)
	return b
}

// picture is all that the estate is at one time, as JSON, but for what AWS is
// asked, of which it has what changes most.
func picture(t *testing.T, b *builder) string {
	t.Helper()
	w := aws.NewWorld()
	b.aws(w)
	all := []any{b.azure(), b.google()}
	for i := range Clusters {
		all = append(all, b.kubernetes(&Clusters[i]))
	}
	for _, a := range company {
		all = append(all, aws.All[s3types.Bucket](w, aws.Place{Account: a.id}))
		for _, r := range awsRegions {
			all = append(all, aws.All[ec2types.Instance](w, aws.Place{Account: a.id, Region: r}), aws.All[ec2types.SecurityGroup](w, aws.Place{Account: a.id, Region: r}))
		}
	}
	for i := range Repositories {
		tree, err := b.code(&Repositories[i])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, readTree(t, tree))
	}
	for i := range Machines {
		tree, err := b.machine(&Machines[i])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, readTree(t, tree))
	}
	data, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestSame makes the estate of one time twice.
func TestSame(t *testing.T) {
	for _, part := range []float64{0, 0.5, 1} {
		if diff := cmp.Diff(picture(t, at(part)), picture(t, at(part))); diff != "" {
			t.Errorf("at %v: two runs differ: %s", part, diff)
		}
	}
	other := at(0.5)
	other.seed = 2
	if picture(t, at(0.5)) == picture(t, other) {
		t.Error("two seeds make one estate")
	}
	if picture(t, at(0)) == picture(t, at(1)) {
		t.Error("nothing has changed in six months")
	}
}

// TestWay moves an estate step by step and at once: where it came from must not
// show in what the servers hold.
func TestWay(t *testing.T) {
	slow, err := New(Options{Seed: 1, From: from, Until: until, Limits: replay.Unlimited})
	if err != nil {
		t.Fatal(err)
	}
	quick, err := New(Options{Seed: 1, From: from, Until: until, Limits: replay.Unlimited})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 27 {
		if err := slow.At(from.Add(until.Sub(from) * time.Duration(i) / 26)); err != nil {
			t.Fatal(err)
		}
	}
	if err := quick.At(until); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slow.written, quick.written); diff != "" {
		t.Errorf("Google's resources: %s", diff)
	}
	for i := range slow.clusters {
		if diff := cmp.Diff(slow.clusters[i].objects, quick.clusters[i].objects); diff != "" {
			t.Errorf("objects of %s: %s", slow.clusters[i].Name, diff)
		}
	}
	for name := range slow.files {
		if diff := cmp.Diff(readTree(t, slow.Files(name)), readTree(t, quick.Files(name))); diff != "" {
			t.Errorf("files of %s: %s", name, diff)
		}
	}
}

// TestStories tells that what is to happen does.
func TestStories(t *testing.T) {
	accounts := func(b *builder) (keys []string) {
		for i := range company {
			if b.serves(&company[i]) {
				keys = append(keys, company[i].key)
			}
		}
		return keys
	}
	has := func(list []string, s string) bool {
		for _, x := range list {
			if x == s {
				return true
			}
		}
		return false
	}
	if first, last := accounts(at(0)), accounts(at(1)); has(first, "fennel") || !has(last, "fennel") || !has(first, "legacy-pos") || has(last, "legacy-pos") {
		t.Errorf("accounts are %v and then %v: one is to come, and one to go", first, last)
	}
	payments := func(b *builder) *site {
		for i := range company {
			if company[i].key == "prod-payments" {
				return &site{b, &company[i], nil, awsRegions[0]}
			}
		}
		return nil
	}
	ledger := app{name: "ledger"}
	if payments(at(0.5)).story("snapshot-public", ledger) || !payments(at(1)).story("snapshot-public", ledger) {
		t.Error("the serious thing in payments is there before its time, or not after")
	}
}

// TestSlips counts mistakes before and after the audit, by care.
func TestSlips(t *testing.T) {
	count := func(b *builder, care float64) (n int) {
		for i := range 4000 {
			if b.slip(care, "kind", b.hex(8, "thing", string(rune(i))), 0.3) {
				n++
			}
		}
		return n
	}
	if good, bad := count(at(0.4), 0.3), count(at(0.4), 2); good*4 > bad {
		t.Errorf("%d mistakes where people care and %d where they do not", good, bad)
	}
	if before, after := count(at(audit), 1), count(at(audit+auditFixes), 1); after*5 > before*4 {
		t.Errorf("%d mistakes before the audit and %d after it", before, after)
	}
}

// TestBecome moves a world that refuses an object on the way: afterwards it can
// be moved on as if it had not.
func TestBecome(t *testing.T) {
	put := func(kind, namespace, name string) object {
		meta := object{"name": name}
		if namespace != "" {
			meta["namespace"] = namespace
		}
		return object{"apiVersion": "v1", "kind": kind, "metadata": meta}
	}
	w, held := kubernetes.NewWorld(1, func() time.Time { return from }), map[string]object{}
	steps := []struct {
		list    []object
		refused bool
		want    []string // config maps of the default namespace and of shop
	}{
		{[]object{put("Namespace", "", "shop"), put("ConfigMap", "shop", "a"), put("ConfigMap", "default", "b")}, false, []string{"b", "shop/a"}},
		{[]object{put("ConfigMap", "default", "c"), put("ConfigMap", "default", "no/name"), put("ConfigMap", "default", "d")}, true, []string{"b", "c", "shop/a"}},
		{[]object{put("ConfigMap", "default", "d")}, false, []string{"d"}}, // the namespace takes with it what is in it
		{nil, false, nil},
	}
	for i, step := range steps {
		if err := become(w, held, step.list); (err != nil) != step.refused {
			t.Fatalf("step %d: error %v, want one %v", i, err, step.refused)
		}
		var got []string
		_ = w.Update(func(tx *kubernetes.Tx) error {
			for _, name := range []string{"b", "c", "d"} {
				if tx.Get("v1", "ConfigMap", "default", name) != nil {
					got = append(got, name)
				}
			}
			if tx.Get("v1", "ConfigMap", "shop", "a") != nil {
				got = append(got, "shop/a")
			}
			return nil
		})
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestFiles tells that repositories and machines are trees that can be read, and
// that in six months something comes and something goes in each.
func TestFiles(t *testing.T) {
	e, err := New(Options{Seed: 1, From: from, Until: until, Limits: replay.Unlimited})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{} // a file of each
	for _, r := range Repositories {
		known[r.Name] = "README.md"
	}
	for _, m := range Machines {
		known[m.Name] = "etc/passwd"
	}
	for name, file := range known {
		t.Run(name, func(t *testing.T) {
			had := map[string]bool{}
			for i := range 14 {
				if err := e.Move(name, from.Add(until.Sub(from)*time.Duration(i)/13)); err != nil {
					t.Fatal(err)
				}
				had[readTree(t, e.Files(name))] = true
			}
			if len(had) < 5 {
				t.Errorf("it looked %d ways in six months, want 5 or more", len(had))
			}
			if err := fstest.TestFS(e.Files(name), file); err != nil {
				t.Error(err)
			}
		})
	}
	if e.Files(AWS) != nil {
		t.Error("a cloud has files")
	}
	if err := e.Move("nowhere", from); !errors.Is(err, bulwark.ErrInvalid) {
		t.Errorf("Move of no part = %v, want ErrInvalid", err)
	}
}

// readTree is all of a tree as text: names, modes, owners and contents.
func readTree(t *testing.T, tree fs.FS) string {
	t.Helper()
	var b strings.Builder
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		fmt.Fprintf(&b, "%s %s %d %d\n", name, info.Mode(), owner.Uid, owner.Gid)
		if info.Mode().IsRegular() {
			data, err := fs.ReadFile(tree, name)
			fmt.Fprintf(&b, "%s\n", data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
