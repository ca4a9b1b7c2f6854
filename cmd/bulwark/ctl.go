package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
)

// ctlAliases are the names under which people look for some operations; two
// words are a subcommand.
var ctlAliases = map[string]string{"session": "whoami", "start-run": "run", "make-token": "tokens create", "delete-token": "tokens delete"}

// ctlCommand is the API from a shell: a command for each operation that the
// API's own description names, with its parameters and its body's properties as
// flags. build says whether they are made, which takes some milliseconds.
func ctlCommand(build bool) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ctl",
		Short: "Use the API from a shell",
		Long: "Uses the API of a server (--server) or of the data folder (--data): each operation of the API is a\n" +
			"command, its parameters and the properties of its body are flags. What an operation needs may also be\n" +
			"given in order without flags; times as 2027-01-31, 36h or 90d.",
		Example: "  bulwark ctl whoami\n  bulwark ctl findings --severity high --state open -o json --all\n" +
			"  bulwark ctl get /score\n  bulwark ctl run host\n  bulwark ctl exempt waiver 'a test account' --scope aws/123456789012 --expires 90d\n" +
			"  bulwark ctl tokens create ci reader 90d --as anna",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	if !build {
		return cmd
	}
	cmd.AddCommand(ctlGetCommand())
	list, err := operations()
	if err != nil { // the description is ours
		panic("bulwark: " + err.Error())
	}
	byName := map[string]*cobra.Command{}
	var under []*cobra.Command
	for _, op := range list {
		c := ctlOperation(op)
		byName[op.id] = c
		cmd.AddCommand(c)
		parent, name, two := strings.Cut(ctlAliases[op.id], " ")
		switch {
		case two:
			child := ctlOperation(op)
			child.Use = strings.Replace(child.Use, op.id, name, 1)
			child.Annotations = map[string]string{"parent": parent}
			under = append(under, child)
		case parent != "":
			c.Aliases = []string{parent}
		}
	}
	for _, child := range under {
		byName[child.Annotations["parent"]].AddCommand(child)
	}
	return cmd
}

// ctlFlags are what every ctl command takes.
type ctlFlags struct {
	sourceFlags
	output string
	all    bool
	body   string
}

func (f *ctlFlags) register(cmd *cobra.Command) {
	f.sourceFlags.register(cmd, true)
	cmd.Flags().StringVarP(&f.output, "output", "o", "table", "table or json")
	cmd.Flags().BoolVar(&f.all, "all", false, "of a list, all pages")
}

func ctlGetCommand() *cobra.Command {
	var f ctlFlags
	cmd := &cobra.Command{
		Use: "get PATH", Short: "Read a path of the API, below /api/v1", Args: cobra.ExactArgs(1),
		Example: "  bulwark ctl get '/findings?severity=high&limit=5'",
		RunE: func(cmd *cobra.Command, args []string) error {
			u, err := url.Parse("/" + strings.TrimPrefix(strings.TrimPrefix(args[0], "/"), "api/v1/"))
			if err != nil {
				return fmt.Errorf("path %q: %w", args[0], bulwark.ErrInvalid)
			}
			return f.call(cmd, operation{method: "GET"}, u.EscapedPath(), u.Query(), nil)
		},
	}
	f.register(cmd)
	return cmd
}

// ctlOperation is the command of one operation.
func ctlOperation(op operation) *cobra.Command {
	var f ctlFlags
	op.inputs = slices.Clone(op.inputs)
	use := op.id
	for _, in := range op.inputs {
		if in.required {
			use += " " + strings.ToUpper(in.flag())
		}
	}
	cmd := &cobra.Command{
		Use: use, Short: op.summary, Long: fmt.Sprintf("%s.\n%s /api/v1%s, for %s.", op.summary, op.method, op.path, op.permission),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, op, args) },
	}
	f.register(cmd)
	for i := range op.inputs {
		in := &op.inputs[i]
		about := in.about
		if len(in.enum) > 0 {
			about = strings.TrimSpace(about + " (" + strings.Join(in.enum, ", ") + ")")
		}
		in.as = in.flag()
		if cmd.Flags().Lookup(in.as) != nil || in.as == "config" { // ctl, or every command, has a flag of that name
			in.as = in.in + "-" + in.as
		}
		if in.many {
			cmd.Flags().StringArray(in.as, nil, strings.TrimSpace(about+" (repeatable)"))
		} else {
			cmd.Flags().String(in.as, "", about)
		}
		if in.kind == "boolean" {
			cmd.Flags().Lookup(in.as).NoOptDefVal = "true"
		}
	}
	if slices.ContainsFunc(op.inputs, func(i input) bool { return i.in == "body" }) {
		cmd.Flags().StringVar(&f.body, "body", "", "the whole body as JSON, or @FILE")
	}
	return cmd
}

func (f *ctlFlags) run(cmd *cobra.Command, op operation, args []string) error {
	path, query, body := op.path, url.Values{}, map[string]any{}
	for _, in := range op.inputs {
		name := in.as
		flag := cmd.Flags().Lookup(name)
		var words []string
		switch {
		case flag.Changed && in.many:
			words, _ = cmd.Flags().GetStringArray(name) // it is one
		case flag.Changed:
			words = []string{flag.Value.String()}
		case in.required && len(args) > 0:
			words, args = args[:1], args[1:]
		case in.required && in.in != "body" || in.required && f.body == "":
			return fmt.Errorf("%s: %w: --%s is needed", op.id, bulwark.ErrInvalid, name)
		default:
			continue
		}
		value, err := in.value(words, time.Now())
		if err != nil {
			return err
		}
		switch in.in {
		case "path":
			path = strings.ReplaceAll(path, "{"+in.name+"}", url.PathEscape(words[0]))
		case "query":
			query[in.name] = append(query[in.name], texts(value)...)
		default:
			body[in.name] = value
		}
	}
	if len(args) > 0 {
		return fmt.Errorf("%s: %w: %q is one argument too many", op.id, bulwark.ErrInvalid, args[0])
	}
	var content any
	if slices.ContainsFunc(op.inputs, func(i input) bool { return i.in == "body" }) {
		content = body
	}
	if f.body != "" {
		raw, err := bodyOf(f.body)
		if err != nil {
			return err
		}
		content = raw
	}
	return f.call(cmd, op, path, query, content)
}

func texts(value any) []string {
	if list, ok := value.([]string); ok {
		return list
	}
	return []string{fmt.Sprint(value)}
}

// maxBody bounds a body that is read from a file, in bytes.
const maxBody = 4 << 20

func bodyOf(text string) (json.RawMessage, error) {
	data := []byte(text)
	if name, ok := strings.CutPrefix(text, "@"); ok {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read body: %w", err)
		}
		data, err = io.ReadAll(io.LimitReader(file, maxBody))
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, fmt.Errorf("read body: %w", err)
		}
	}
	if !json.Valid(data) {
		return nil, fmt.Errorf("body: %w: it is not JSON", bulwark.ErrInvalid)
	}
	return data, nil
}

// call asks the API and prints the answer.
func (f *ctlFlags) call(cmd *cobra.Command, op operation, path string, query url.Values, body any) error {
	if err := tableOrJSON(f.output); err != nil {
		return err
	}
	s, err := f.open(cmd, false)
	if err != nil {
		return err
	}
	return errors.Join(f.answer(cmd, s, op, path, query, body), s.Close())
}

func (f *ctlFlags) answer(cmd *cobra.Command, s *source, op operation, path string, query url.Values, body any) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	if op.media == "text/event-stream" || op.media == "application/octet-stream" {
		r, err := s.Open(ctx, op.method, path, query, body)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, r)
		return errors.Join(err, r.Close())
	}
	data, err := s.Bytes(ctx, op.method, path, query, body)
	if err != nil || len(data) == 0 {
		return err
	}
	var page listAnswer
	if json.Unmarshal(data, &page) != nil || page.Items == nil { // an answer that is no list
		if f.output == "json" {
			return writeJSON(cmd, json.RawMessage(data))
		}
		return printObject(out, data)
	}
	for f.all && page.Next != "" {
		query.Set("cursor", page.Next)
		var more listAnswer
		if err := s.Do(ctx, op.method, path, query, body, &more); err != nil {
			return err
		}
		page.Items, page.Next = append(page.Items, more.Items...), more.Next
	}
	if f.output == "json" {
		if f.all {
			return writeJSON(cmd, page)
		}
		return writeJSON(cmd, json.RawMessage(data))
	}
	return printItems(out, page)
}
