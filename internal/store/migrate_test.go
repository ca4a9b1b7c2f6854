package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

// TestMigrateFromFirst brings a database of the first schema, with a scope and a
// run in it, up to date, on either engine.
func TestMigrateFromFirst(t *testing.T) {
	for _, e := range []struct {
		name, driver string
		dialect      goose.Dialect
		address      func(t *testing.T) string
	}{
		{"sqlite", "sqlite", goose.DialectSQLite3, func(t *testing.T) string { return filepath.Join(t.TempDir(), "b.db") }},
		{"postgres", "pgx", goose.DialectPostgres, func(t *testing.T) string { return newSchema(t) }},
	} {
		t.Run(e.name, func(t *testing.T) {
			address := e.address(t)
			db, err := sql.Open(e.driver, address)
			if err != nil {
				t.Fatal(err)
			}
			p, err := goose.NewProvider(e.dialect, db, os.DirFS("migrations/"+e.name))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.UpTo(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{
				"INSERT INTO scopes (id, path, epoch, assets) VALUES (1, 'aws/1', 0, 3)",
				"INSERT INTO sequences (name, next) VALUES ('scopes', 2)",
				"INSERT INTO runs (id, public, connector, started, ended, assets, judged, changed, gaps, error) VALUES (1, 'r', 'c', 1, 2, 3, 4, 5, 6, '')",
			} {
				if _, err := db.ExecContext(t.Context(), text); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			s := opener(t, address)(store.Options{})
			if runs, _, err := s.Runs(t.Context(), "c", bulwark.Page{}); err != nil || len(runs) != 1 || runs[0].Gaps != 6 || runs[0].Calls != 0 {
				t.Errorf("Runs = %+v, %v, want the one that was, without calls", runs, err)
			}
			name := func() string {
				scopes, err := s.Scopes(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				var out []string
				for _, v := range scopes {
					out = append(out, v.Path+" "+v.Kind+" "+v.Name)
				}
				return strings.Join(out, ", ")
			}
			if got, want := name(), "aws group aws, aws/1 account 1"; got != want {
				t.Errorf("scopes are %s, want %s", got, want)
			}
			if err := s.NameScopes(t.Context(), []bulwark.ScopeInfo{{Path: "aws/1", Name: "shop"}}); err != nil {
				t.Fatal(err)
			}
			if got, want := name(), "aws group aws, aws/1 account shop"; got != want {
				t.Errorf("named, scopes are %s, want %s", got, want)
			}
		})
	}
}
