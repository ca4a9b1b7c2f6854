package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// withLab makes the lab a kind of connector for a test.
func withLab(t *testing.T) {
	before := providers
	providers = append(slices.Clone(providers), provider("lab", labKind))
	t.Cleanup(func() { providers = before })
}

// openConnectors opens what a server has of connectors in a folder.
func openConnectors(t *testing.T, dir string) (*connectors, func()) {
	t.Helper()
	loaded, _ := pipeline.LoadContent(pipeline.ContentOptions{})
	log := slog.New(slog.DiscardHandler)
	st, err := openStore(t.Context(), filepath.Join(dir, "b.db"), loaded, time.Now, log, filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	m := newConnectors(st, pipeline.NewEngine(st, loaded, time.Now, log), loaded, log, nil)
	if err := m.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m, func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}
}

// where returns where a connector's probe went, with the secret that it had.
func probedAt(t *testing.T, m *connectors, spec bulwark.ConnectorSpec, secret string) (string, error) {
	t.Helper()
	var at string
	err := m.Probe(t.Context(), spec, raw(secret), func(p bulwark.Probe) { at = p.Where }) // of the last
	return at, err
}

func raw(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

func TestConfiguredConnectors(t *testing.T) {
	withLab(t)
	dir := t.TempDir()
	m, closeIt := openConnectors(t, dir)
	ctx := t.Context()
	for _, tt := range []struct{ config, secret, want string }{
		{`{}`, "", "config.server is missing: its address"},
		{`{"server":"a","reigons":[]}`, "", "config.reigons is no field: did you mean regions?"},
		{`{"server":"a","Server":"b"}`, "", "config.Server is no field: did you mean server?"},
		{`{"server":"a","limits":{"page":1}}`, "", "config.limits.page is no field: did you mean pages?"},
		{`{"server":"a","regions":"eu"}`, "", "config.regions: want a list of texts, got string"},
		{`[]`, "", "config: want an object"},
		{`{"server":"a"}`, `{"tokn":"x"}`, "secret.tokn is no field: did you mean token?"},
	} {
		_, err := m.Add(ctx, bulwark.ConnectorSpec{Kind: "lab", Name: "x", Config: raw(tt.config)}, raw(tt.secret))
		if !errors.Is(err, bulwark.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Add(%s, %s) = %v, want %q", tt.config, tt.secret, err, tt.want)
		}
	}
	if _, err := m.Add(ctx, bulwark.ConnectorSpec{Kind: "labs"}, nil); err == nil || !strings.Contains(err.Error(), "did you mean lab?") {
		t.Errorf("Add of an unknown kind = %v, want the nearest named", err)
	}
	spec, err := m.Add(ctx, bulwark.ConnectorSpec{Kind: "lab", Name: "Lab", Enabled: true, Config: raw(`{ "server": "https://a" }`)}, raw(`{"token":"hush"}`))
	if err != nil || !strings.HasPrefix(spec.ID, "lab-") || string(spec.Config) != `{"server":"https://a"}` {
		t.Fatalf("Add = %+v, %v, want an id made and the configuration compact", spec, err)
	}
	if _, err := m.Add(ctx, spec, nil); !errors.Is(err, bulwark.ErrConflict) {
		t.Errorf("Add of a taken id = %v, want a conflict", err)
	}

	// The sealed secret goes where it went, and nowhere else.
	if at, err := probedAt(t, m, spec, ""); err != nil || at != "https://a hush" {
		t.Errorf("probe of a stored connector at %q, %v, want its server and secret", at, err)
	}
	elsewhere := spec
	elsewhere.Config = raw(`{"server":"https://evil"}`)
	if at, err := probedAt(t, m, elsewhere, ""); !errors.Is(err, bulwark.ErrInvalid) || !strings.Contains(err.Error(), "config.server would send the secret elsewhere") {
		t.Errorf("probe elsewhere without the secret at %q, %v, want it refused", at, err)
	}
	to := func(config string) func(*bulwark.ConnectorSpec) {
		return func(s *bulwark.ConnectorSpec) { s.Config = raw(config) }
	}
	if err := m.Change(ctx, spec.ID, to(`{"server":"https://evil"}`), nil); !errors.Is(err, bulwark.ErrInvalid) {
		t.Errorf("Change to elsewhere without the secret = %v, want it refused", err)
	}
	if at, err := probedAt(t, m, elsewhere, `{"token":"other"}`); err != nil || at != "https://evil other" {
		t.Errorf("probe elsewhere with a secret at %q, %v", at, err)
	}
	if plan, err := m.Plan(ctx, spec, nil); err != nil || plan.Total != 7 {
		t.Errorf("Plan = %+v, %v", plan, err)
	}

	// After a start it is all there.
	closeIt()
	m, closeIt = openConnectors(t, dir)
	spec.Config = raw(`{"server":"https://a","regions":["eu"]}`)
	if err := m.Change(ctx, spec.ID, to(string(spec.Config)), nil); err != nil {
		t.Fatal(err)
	}
	if at, err := probedAt(t, m, spec, ""); err != nil || at != "https://a hush" {
		t.Errorf("after a change the probe goes to %q, %v, want the secret kept", at, err)
	}
	if err := m.Change(ctx, spec.ID, func(*bulwark.ConnectorSpec) {}, raw(`{}`)); err != nil {
		t.Fatal(err)
	}
	if _, secrets, err := m.Specs(ctx); err != nil || secrets[spec.ID] {
		t.Errorf("after an empty secret one is sealed: %v, %v", secrets, err)
	}
	if at, err := probedAt(t, m, spec, ""); err != nil || at != "https://a " {
		t.Errorf("without a secret the probe goes to %q, %v", at, err)
	}

	// One whose configuration is no longer understood stays, and says why.
	if err := m.store.SaveConnector(ctx, bulwark.ConnectorSpec{ID: "old", Kind: "lab", Enabled: true, Config: raw(`{"sever":"a"}`)}, nil); err != nil {
		t.Fatal(err)
	}
	closeIt()
	m, closeIt = openConnectors(t, dir)
	defer closeIt()
	if run, err := m.engine.Collect(ctx, "old"); err == nil || !strings.Contains(run.Error, "config.sever is no field") {
		t.Errorf("run of a broken connector = %+v, %v, want the reason", run, err)
	}
	if _, err := m.engine.Collect(ctx, spec.ID); err != nil {
		t.Errorf("run beside a broken connector = %v", err)
	}
	if err := m.Remove(ctx, "old"); err != nil {
		t.Error(err)
	}
	if err := m.Remove(ctx, "old"); !errors.Is(err, bulwark.ErrNotFound) {
		t.Errorf("second Remove = %v, want not found", err)
	}
	if err := m.Change(ctx, "old", func(s *bulwark.ConnectorSpec) { s.Name = "back" }, nil); !errors.Is(err, bulwark.ErrNotFound) {
		t.Errorf("Change of what was removed = %v, want not found", err)
	}
	if specs, _, err := m.Specs(ctx); err != nil || len(specs) != 1 {
		t.Errorf("configured = %+v, %v, want the one that is left", specs, err)
	}
	err = m.Change(ctx, spec.ID, func(s *bulwark.ConnectorSpec) { s.ID, s.Kind, s.Name = "other", "iac", "renamed" }, nil)
	if specs, _, more := m.Specs(ctx); errors.Join(err, more) != nil || specs[0].ID != spec.ID || specs[0].Kind != "lab" || specs[0].Name != "renamed" {
		t.Errorf("an edit made %+v, %v, want id and kind to stay", specs, errors.Join(err, more))
	}
}

// TestKinds demands that every field of every kind is described, and that what
// a kind says it can do is what it does.
func TestKinds(t *testing.T) {
	withLab(t)
	all := newCatalog(contentTypes(t))
	if first, again := all.Kinds(), all.Kinds(); &first[0] != &again[0] {
		t.Error("kinds are described again for each who asks")
	}
	for _, k := range all.Kinds() {
		if k.Title == "" || k.About == "" {
			t.Errorf("kind %s has no title or says nothing of itself", k.Kind)
		}
		for _, f := range slices.Concat(k.Config, k.Secret) {
			if f.About == "" {
				t.Errorf("field %s of kind %s is not described", f.Name, k.Kind)
			}
		}
		for name := range mustKind(t, k.Kind).fields {
			plain, secret := strings.CutPrefix(name, "secret.")
			list := k.Config
			if secret {
				list = k.Secret
			}
			if !slices.ContainsFunc(list, func(f bulwark.ConnectorField) bool { return f.Name == plain }) {
				t.Errorf("kind %s describes %s, which is no field", k.Kind, name)
			}
		}
	}
	got := mustKind(t, "lab").describe(nil)
	want := bulwark.ConnectorKind{Kind: "lab", Title: "Lab", About: "A provider for tests.", Discovers: true, Probes: true, Plans: true, Access: labAccess(nil),
		Config: []bulwark.ConnectorField{{Name: "server", Type: "text", About: "its address", Required: true, Address: true}, {Name: "regions", Type: "list", About: "only these"},
			{Name: "quick", Type: "boolean", About: "in haste"}, {Name: "limits.pages", Type: "number", About: "at most"}},
		Secret:    []bulwark.ConnectorField{{Name: "token", Type: "text", About: "of an account", Secret: true}},
		Templates: labPolicy([]string{"lab:Read", "lab:ReadAll", "lab:ListQueues"})}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the lab (-want +got):\n%s", diff)
	}
	if !slices.IsSortedFunc(providers[:len(providers)-1], func(a, b *kind) int { return strings.Compare(a.name, b.name) }) {
		t.Error("providers are not sorted")
	}
}

// TestServerCredentials refuses of those who configure a connector through the
// API what would have the server read or send what is its own.
func TestServerCredentials(t *testing.T) {
	federation := `{"file":{"type":"external_account","audience":"//iam.googleapis.com/p","subject_token_type":"urn:ietf:params:oauth:token-type:jwt","credential_source":{"url":"http://169.254.169.254/latest"}}}`
	for _, tt := range []struct{ name, kind, config, secret string }{
		{"federation file", "gcp", `{"organization":"1","credential":{"kind":"federation"}}`, federation},
		{"own token elsewhere", "gcp", `{"organization":"1","endpoint":"http://127.0.0.1:1"}`, ``},
		{"token file", "azure", `{"tenantId":"11111111-1111-4111-8111-111111111111","clientId":"11111111-1111-4111-8111-111111111111","credential":"federated","tokenFile":"/etc/passwd"}`, ``},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, local := range []bool{false, true} {
				d := deps{connector: "c", types: contentTypes(t), limiter: quota.NewLimiter(), now: time.Now, local: local}
				_, err := mustKind(t, tt.kind).build(d, json.RawMessage(tt.config), json.RawMessage(tt.secret))
				if errors.Is(err, bulwark.ErrInvalid) == local {
					t.Errorf("local %v: %v", local, err)
				}
			}
		})
	}
}

func contentTypes(t *testing.T) *bulwark.Types {
	t.Helper()
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return loaded.Content.Types
}

// TestOnboarding holds deploy/onboard to what the providers need, and to
// nothing that no provider writes.
func TestOnboarding(t *testing.T) {
	const dir = "../../deploy/onboard"
	want := map[string]string{}
	types := contentTypes(t)
	for _, k := range providers {
		about := k.describe(types)
		if k.access != nil && (len(about.Access) == 0 || len(about.Templates) == 0) {
			t.Errorf("kind %s names no permission or has no template", k.name)
		}
		for _, a := range about.Access {
			if strings.Contains(a.Permission, "*") {
				t.Errorf("kind %s asks for %s: name what is used", k.name, a.Permission)
			}
		}
		for _, tt := range about.Templates {
			want[filepath.Join(dir, k.name, tt.Name)] = tt.Text
		}
	}
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		for file, text := range want {
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for file, text := range want {
		got, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		} else if diff := cmp.Diff(string(got), text); diff != "" {
			t.Errorf("%s (-file +made), -update rewrites it:\n%s", file, diff)
		}
	}
	files, err := filepath.Glob(dir + "/*/*")
	if err != nil || len(files) != len(want) {
		t.Errorf("%d files below %s, %v, want %d", len(files), dir, err, len(want))
	}
}

func mustKind(t *testing.T, name string) *kind {
	t.Helper()
	k, err := kindOf(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestMend(t *testing.T) {
	withLab(t)
	m := newCatalog(contentTypes(t))
	for _, tt := range []struct {
		needs []string
		want  string
	}{{[]string{"lab:Read"}, "lab:Read"}, {[]string{"lab:ReadAll on account 1", "x"}, "lab:ReadAll"}, {[]string{"the role that has lab:Read."}, "lab:Read"}, {[]string{"xlab:Read"}, ""}, {nil, ""}} {
		var got string
		for _, t := range m.Mend("lab", tt.needs) {
			got += strings.TrimSpace(t.Text)
		}
		if got != tt.want {
			t.Errorf("Mend(%q) = %q, want %q", tt.needs, got, tt.want)
		}
	}
	if got := m.Mend("iac", []string{"lab:Read"}); got != nil {
		t.Errorf("code needs no permissions, and is mended by %v", got)
	}
}

// FuzzDecodeStrict decodes hostile configurations.
func FuzzDecodeStrict(f *testing.F) {
	for _, s := range []string{`{}`, `null`, `{"server":null,"limits":null}`, `{"limits":{"pages":1e9}}`, `{"server":{"a":1}}`, "{\"\xff\":1}", `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c labConfig
		if err := decodeStrict("config", data, &c); err != nil && !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("decodeStrict(%q) = %v, which is of no known kind", data, err)
		}
	})
}

func TestKeyFile(t *testing.T) {
	for _, tt := range [][3]string{{"", "bulwark-data", "bulwark-data.key"}, {"", "/var/lib/bulwark/", "/var/lib/bulwark.key"}, {"/k", "d", "/k"}} {
		if got := keyFile(tt[0], tt[1]); got != tt[2] {
			t.Errorf("keyFile(%q, %q) = %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}
