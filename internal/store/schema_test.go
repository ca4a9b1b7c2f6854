package store

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

var update = flag.Bool("update", false, "write the schema fixture of the newest version")

// schemaVersion is the newest; a new migration raises it and, by -update, adds
// the fixture that later ones must be able to open.
const schemaVersion = 3

// TestMigrateFromEverySchema opens a dump of a store of every released schema.
func TestMigrateFromEverySchema(t *testing.T) {
	if *update {
		writeFixture(t)
	}
	for v := 1; v <= schemaVersion; v++ {
		t.Run(fmt.Sprint(v), func(t *testing.T) {
			text, err := os.ReadFile(fixture(v))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "b.db")
			db, err := sql.Open("sqlite", file)
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range strings.Split(string(text), ";;\n") {
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", clip(statement, 200), err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			checkFixture(t, openTest(t, file))
		})
	}
}

func fixture(version int) string { return fmt.Sprintf("testdata/schema/%05d.sql", version) }

// fixtureAsset is what a fixture holds, in its second version.
func fixtureAsset(t *testing.T, n int) *bulwark.Asset {
	v, err := bulwark.DecodeJSON(fmt.Appendf(nil, `{"n": %d}`, n), bulwark.DecodeOptions{Asset: "live:a", File: "main.tf"})
	if err != nil {
		t.Fatal(err)
	}
	return &bulwark.Asset{ID: "live:a", Type: "T", Name: "a", Scope: "aws/1", Region: "eu", Connector: "c", Properties: v, Relations: []bulwark.Relation{{Name: "x", Inverse: "y", Target: "live:b"}}}
}

func checkFixture(t *testing.T, s *Store) {
	ctx := t.Context()
	a, row, err := s.Asset(ctx, "live:a")
	if err != nil || a.Properties.At("n").Int() != 2 || a.Properties.At("n").Position().Line != 1 || row.Unhealthy != 1 || row.Region != "eu" {
		t.Errorf("Asset = %v %+v, %v", a, row, err)
	}
	if v, err := s.ConfigAt(ctx, "live:a", 1); err != nil || v.At("n").Int() != 1 {
		t.Errorf("ConfigAt(1) = %v, %v", v, err)
	}
	f, err := s.Finding(ctx, bulwark.FindingID("t/a", "live:a", "i"))
	if err != nil || f.Because != "because" || f.Exemption != "x" {
		t.Errorf("Finding = %+v, %v", f, err)
	}
	if n, _, err := s.VerifyAudit(ctx); err != nil || n != 1 {
		t.Errorf("VerifyAudit = %d, %v", n, err)
	}
	if u, _, err := s.User(ctx, "anna"); err != nil || len(u.Grants) != 1 {
		t.Errorf("User = %+v, %v", u, err)
	}
	if got, err := s.Apply(ctx, "aws/1", []bulwark.Verdict{fixtureVerdict(t, s, 2)}); err != nil || got != (Applied{}) {
		t.Errorf("Apply of the same = %+v, %v, want nothing", got, err)
	}
}

func fixtureVerdict(t *testing.T, s *Store, n int) bulwark.Verdict {
	return bulwark.Verdict{Asset: fixtureAsset(t, n), Revision: s.Revision(), Assessments: []bulwark.Assessment{
		{Check: "t/a", Asset: "live:a", State: bulwark.Unhealthy, Because: "because", Instances: []bulwark.Instance{{Key: "i"}}, Queries: []string{"asset:live:b"}}}}
}

// writeFixture dumps a store of the newest schema.
func writeFixture(t *testing.T) {
	file := filepath.Join(t.TempDir(), "b.db")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s, err := Open(t.Context(), file, Options{Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for n := 1; n <= 2; n++ {
		if _, err := s.Apply(ctx, "aws/1", []bulwark.Verdict{fixtureVerdict(t, s, n)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		s.AddExemption(ctx, bulwark.Exemption{ID: "x", Check: "t/a", Scope: "aws", Category: bulwark.Waiver}),
		s.Audit(ctx, bulwark.AuditEntry{Actor: "user:anna", Action: "test"}),
		s.AddUser(ctx, bulwark.User{Name: "anna", Grants: []bulwark.Grant{{Role: bulwark.Owner}}, Created: at}, "hash"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	out := dumpSQL(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("testdata/schema", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(fixture(schemaVersion), []byte(strings.Join(out, ";;\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// dumpSQL returns the statements that make a store.
func dumpSQL(t *testing.T, s *Store) []string {
	ctx := t.Context()
	var out []string
	rows := func(text string, columns int, line func(v []any)) {
		err := each(ctx, s.r, text, nil, func(r rows) error {
			v := make([]any, columns)
			into := make([]any, columns)
			for i := range v {
				into[i] = &v[i]
			}
			if err := r.Scan(into...); err != nil {
				return err
			}
			line(v)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	rows("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'trigger', type = 'index', name", 3, func(v []any) {
		out = append(out, v[2].(string))
		if v[0] == "table" {
			names = append(names, v[1].(string))
		}
	})
	for _, name := range names {
		r, err := s.r.db.QueryContext(ctx, "SELECT * FROM "+name)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := r.Columns()
		if err != nil || r.Close() != nil {
			t.Fatal(err)
		}
		rows("SELECT "+strings.Join(columns, ", ")+" FROM "+name, len(columns), func(v []any) {
			cells := make([]string, len(v))
			for i, c := range v {
				switch c := c.(type) {
				case []byte:
					cells[i] = fmt.Sprintf("x'%x'", c)
				case string:
					cells[i] = "'" + strings.ReplaceAll(c, "'", "''") + "'"
				case time.Time:
					cells[i] = "'" + c.UTC().Format(time.RFC3339) + "'"
				default:
					cells[i] = fmt.Sprint(c)
				}
			}
			out = append(out, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", name, strings.Join(columns, ", "), strings.Join(cells, ", ")))
		})
	}
	return out
}

func TestUnnamed(t *testing.T) {
	for q, want := range map[string]string{
		"BEGIN": "BEGIN",
		"INSERT INTO t VALUES ($1, $2, 3), ($3, $4, 3)":       "INSERT INTO t VALUES (?, ?, 3), (?, ?, 3)",
		"SELECT $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11":           "SELECT ?,?,?,?,?,?,?,?,?,?,?",
		"SELECT a FROM t WHERE b = $1 AND (c = $2 OR d = $1)": "SELECT a FROM t WHERE b = $1 AND (c = $2 OR d = $1)",
		"SELECT a FROM t WHERE b = $2 AND c = $1":             "SELECT a FROM t WHERE b = $2 AND c = $1",
		"SELECT '$', $1": "SELECT '$', $1",
	} {
		if got := unnamed(q); got != want {
			t.Errorf("unnamed(%q) = %q, want %q", q, got, want)
		}
	}
}
