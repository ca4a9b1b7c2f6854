// Command opa measures Open Policy Agent on the benchmark's data. It is a
// module of its own, so that the product does not depend on its peers.
//
// It reads from standard input a JSON object a line, each a Deployment, and
// writes {"one": …, "each": …, "raw": …, "verdicts": [text of 0 and 1, a line each]}:
// processor nanoseconds an asset with one prepared query for all checks, with
// one each, and with one from the text of the JSON.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "opa:", err)
		os.Exit(1)
	}
}

type result struct {
	One      float64  `json:"one"`
	Each     float64  `json:"each"`
	Raw      float64  `json:"raw"`
	Verdicts []string `json:"verdicts"`
}

func run() error {
	policy, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	names := strings.Split(os.Args[2], ",")
	var inputs []ast.Value
	var lines [][]byte
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		lines = append(lines, bytes.Clone(in.Bytes()))
		v, err := parse(in.Bytes()) // before the clock starts
		if err != nil {
			return err
		}
		inputs = append(inputs, v)
	}
	ctx := context.Background()
	all, err := rego.New(rego.Query("data.pods"), rego.Module("pods.rego", string(policy))).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	each := make([]rego.PreparedEvalQuery, len(names))
	for i, n := range names {
		if each[i], err = rego.New(rego.Query("data.pods."+n), rego.Module("pods.rego", string(policy))).PrepareForEval(ctx); err != nil {
			return err
		}
	}
	var out result
	start := cpu()
	for _, v := range inputs {
		rs, err := all.Eval(ctx, rego.EvalParsedInput(v))
		if err != nil {
			return err
		}
		answers, _ := rs[0].Expressions[0].Value.(map[string]any)
		var b strings.Builder
		for _, n := range names {
			b.WriteByte("01"[b2i(answers[n] == true)])
		}
		out.Verdicts = append(out.Verdicts, b.String())
	}
	out.One = float64(cpu()-start) / float64(len(inputs))
	start = cpu()
	for i, v := range inputs {
		for j, q := range each {
			rs, err := q.Eval(ctx, rego.EvalParsedInput(v))
			if err != nil {
				return err
			}
			if yes := len(rs) > 0 && rs[0].Expressions[0].Value == true; "01"[b2i(yes)] != out.Verdicts[i][j] {
				return fmt.Errorf("asset %d: %s differs between one query and all", i, names[j])
			}
		}
	}
	out.Each = float64(cpu()-start) / float64(len(inputs))
	start = cpu()
	for _, line := range lines {
		v, err := parse(line)
		if err != nil {
			return err
		}
		if _, err := all.Eval(ctx, rego.EvalParsedInput(v)); err != nil {
			return err
		}
	}
	out.Raw = float64(cpu()-start) / float64(len(lines))
	return json.NewEncoder(os.Stdout).Encode(out)
}

func parse(line []byte) (ast.Value, error) {
	var doc any
	if err := json.Unmarshal(line, &doc); err != nil {
		return nil, err
	}
	return ast.InterfaceToValue(doc)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
