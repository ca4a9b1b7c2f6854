package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Editor reads, tries and keeps the files of checks. What is no custom/ id is
// ErrInvalid; without a folder to keep them in, Save is ErrConflict.
type Editor interface {
	// Folder returns where checks are kept, "" when they cannot be.
	Folder() string
	// Source returns the text of a check's file.
	Source(id string) (string, error)
	// Tests returns the inline tests of a check.
	Tests(id string) []bulwark.CheckTest
	// Try judges stored assets within the scopes by a text in place of the check
	// of id, and stores nothing; related assets outside the readable scopes are
	// unknown to it. It is bounded in time and assets.
	Try(ctx context.Context, id, text string, scopes, readable []string) (bulwark.Trial, error)
	// Save keeps a check and takes it up; with problems it does neither.
	Save(ctx context.Context, id, text string) ([]bulwark.Problem, error)
}

// CheckSource is a check's file.
type CheckSource struct {
	ID     string `json:"id"`
	Text   string `json:"text" doc:"YAML"`
	Custom bool   `json:"custom"`
	Saves  bool   `json:"saves" doc:"this server can keep a check of yours"`
	Folder string `json:"folder,omitempty" doc:"where it would be kept"`
}

// TriedCheck is a check to try.
type TriedCheck struct {
	Scoped
	Body struct {
		ID   string `json:"id" minLength:"1" maxLength:"512" pattern:"^[a-z0-9][a-z0-9_./-]*$" doc:"the check in whose place it is tried; of a new one its own"`
		Text string `json:"text" minLength:"1" maxLength:"262144" doc:"YAML, as docs/formats/check.md has it"`
	}
}

// SavedCheck is a check to keep.
type SavedCheck struct {
	ID   string `query:"id" required:"true" minLength:"8" maxLength:"512" pattern:"^custom/[a-z0-9][a-z0-9_./-]*$"`
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"262144" doc:"YAML, as docs/formats/check.md has it"`
	}
}

// SaveAnswer tells whether a check was kept.
type SaveAnswer struct {
	Saved    bool           `json:"saved"`
	Problems []CheckProblem `json:"problems" doc:"why it was not; none when it was"`
}

// CheckProblem is what is wrong with the text of a check.
type CheckProblem struct {
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
}

// CheckTrial is what a tried check would answer.
type CheckTrial struct {
	Problems []CheckProblem   `json:"problems" doc:"with any, nothing was judged"`
	Tests    []TriedTest      `json:"tests"`
	Assets   int64            `json:"assets" doc:"that were judged"`
	Whole    bool             `json:"whole" doc:"they are all of its types within the scopes; else the time or the number of assets did not suffice"`
	InForce  bool             `json:"inForce" doc:"a check of this id judges now"`
	Now      bulwark.Tally    `json:"now" doc:"by the check in force, judged again for this; to both, what you may not read is unknown"`
	Tried    bulwark.Tally    `json:"tried"`
	Changes  int64            `json:"changes"`
	Changed  []ChangedVerdict `json:"changed" doc:"the first 50; without a check in force those that are not healthy"`
}

// TriedTest is how an inline test ended.
type TriedTest struct {
	CheckTest
	Passed  bool   `json:"passed"`
	Problem string `json:"problem,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// ChangedVerdict is an asset of which the tried check says something else.
type ChangedVerdict struct {
	Asset   string        `json:"asset"`
	Type    string        `json:"type"`
	Name    string        `json:"name"`
	Scope   string        `json:"scope"`
	Now     string        `json:"now,omitempty" enum:"healthy,unhealthy,unknown,not applicable"`
	Tried   bulwark.State `json:"tried" enum:"healthy,unhealthy,unknown,not applicable"`
	Because string        `json:"because,omitempty"`
}

func trialOf(t bulwark.Trial) CheckTrial {
	out := CheckTrial{Problems: problemsOf(t.Problems), Tests: []TriedTest{}, Assets: t.Assets, Whole: t.Whole, InForce: t.InForce, Now: t.Now, Tried: t.Tried, Changes: t.Changes, Changed: []ChangedVerdict{}}
	for _, r := range t.Tests {
		out.Tests = append(out.Tests, TriedTest{CheckTest: CheckTest{r.Name, r.Want}, Passed: r.Problem == "", Problem: r.Problem, Line: r.Line})
	}
	for _, c := range t.Changed {
		row := ChangedVerdict{Asset: c.Asset, Type: c.Type, Name: c.Name, Scope: c.Scope, Tried: c.Tried, Because: c.Because}
		if t.InForce {
			row.Now = c.Now.String()
		}
		out.Changed = append(out.Changed, row)
	}
	return out
}

func problemsOf(list []bulwark.Problem) []CheckProblem {
	out := []CheckProblem{}
	for _, p := range list {
		out = append(out, CheckProblem{p.Line, p.Message, p.Mend})
	}
	return out
}

// maxCheck bounds the body of a request with a check, JSON's escapes included.
const maxCheck = 1 << 20

var (
	errNoEditor = &Problem{Status: http.StatusConflict, Code: "conflict", Message: "Content cannot be changed in this organisation.", Mend: "Go to the main organisation."}

	_ = route(op{method: "GET", path: "/check/source", id: "check-source", summary: "The file of a check", tag: "content", allow: readers}, (*Server).checkSource)

	_ = route(op{method: "POST", path: "/checks/try", id: "try-check", summary: "Run a changed or a new check on live assets, and store nothing", tag: "content",
		allow: Permission{bulwark.Contributor, Somewhere}, body: maxCheck}, (*Server).tryCheck)

	_ = route(op{method: "PUT", path: "/check", id: "save-check", summary: "Keep a check of your own, and judge by it", tag: "content", allow: connectorAdmins, body: maxCheck}, (*Server).saveCheck)
)

func (s *Server) checkSource(_ context.Context, in *ByID) (*Answer[CheckSource], error) {
	c := s.Content.Check(in.ID)
	if c == nil {
		return nil, notFound("check", in.ID)
	}
	if s.Editor == nil {
		return nil, errNoEditor
	}
	text, err := s.Editor.Source(in.ID)
	folder := s.Editor.Folder()
	return answer(CheckSource{ID: c.ID, Text: text, Custom: c.Custom, Saves: folder != "", Folder: folder}, err)
}

func (s *Server) tryCheck(ctx context.Context, in *TriedCheck) (*Answer[CheckTrial], error) {
	if s.Editor == nil {
		return nil, errNoEditor
	}
	c := callerOf(ctx)
	scopes, err := c.readable(in.Scope)
	if err != nil {
		return nil, err
	}
	readable, err := c.readable()
	if err != nil {
		return nil, err
	}
	trial, err := s.Editor.Try(ctx, in.Body.ID, in.Body.Text, scopes, readable)
	return answer(trialOf(trial), err)
}

func (s *Server) saveCheck(ctx context.Context, in *SavedCheck) (*Answer[SaveAnswer], error) {
	if s.Editor == nil {
		return nil, errNoEditor
	}
	if s.Editor.Folder() == "" {
		return nil, &Problem{Status: http.StatusConflict, Code: "conflict", Message: "The server has no folder to keep checks in.",
			Mend: "Start it with --content DIR, or save the text below checks/ of a folder and name that."}
	}
	problems, err := s.Editor.Save(ctx, in.ID, in.Body.Text)
	if len(problems) > 0 && err == nil {
		return answer(SaveAnswer{Problems: problemsOf(problems)}, nil)
	}
	detail := ""
	if err != nil { // the file may be there all the same
		detail = "failed: " + err.Error()
	}
	if err := errors.Join(err, s.audit(context.WithoutCancel(ctx), callerOf(ctx), "check.save", in.ID, detail)); err != nil {
		return nil, err
	}
	return answer(SaveAnswer{Saved: true, Problems: []CheckProblem{}}, nil)
}

// services returns the second part of a check's id, s3 of aws/s3/…, if it has
// three.
func (r Recommendation) services() []string {
	parts := strings.Split(strings.TrimPrefix(r.ID, "custom/"), "/")
	if len(parts) < 3 {
		return nil
	}
	return parts[1:2]
}
