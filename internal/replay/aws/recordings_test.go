package aws

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/aws/wire"
)

// What the recordings call a service that the SDK calls otherwise.
var recordedAs = map[string]string{
	"access-analyzer": "accessanalyzer", "cloudcontrolapi": "cloudcontrol", "config": "configservice", "elasticfilesystem": "efs",
	"es": "opensearch", "events": "eventbridge", "logs": "cloudwatchlogs", "monitoring": "cloudwatch",
}

type recording struct {
	Call   string          `json:"call"`
	Flight string          `json:"flight"`
	Status int             `json:"status"`
	Data   json.RawMessage `json:"data"`
}

// TestRecordings sends each recorded answer of an operation that is served over
// the wire to the real client, which must read what was recorded; an error must
// keep its code.
func TestRecordings(t *testing.T) {
	files, _ := filepath.Glob("../../../../shared/corpora/aws-recordings/*.jsonl")
	if len(files) == 0 {
		t.Skip("no recordings beside the repository")
	}
	var answers, failures int
	other := map[string]bool{}
	for _, file := range files {
		for _, r := range readRecordings(t, file) {
			h := handlerOf(r)
			if h == nil {
				continue
			}
			if r.Status >= 300 {
				failures++
				replayError(t, h, r)
				continue
			}
			answers++
			for _, name := range replayAnswer(t, h, r) {
				other[h.name()+": "+name] = true
			}
		}
	}
	t.Logf("%d answers and %d errors of the operations that are served", answers, failures)
	var names []string
	for n := range other {
		names = append(names, n)
	}
	sort.Strings(names)
	t.Logf("%d recorded members that the SDK has no field for: %s", len(names), strings.Join(names, "; "))
	if answers < 1000 || failures < 20 {
		t.Errorf("read %d answers and %d errors; want most of the corpus", answers, failures)
	}
}

func readRecordings(t *testing.T, file string) []recording {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []recording
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r recording
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, r)
	}
	return out
}

// handlerOf finds the operation of a recording; the two generations of load
// balancers and gateways share a name.
func handlerOf(r recording) *handler {
	service, op, _ := strings.Cut(r.Call, ".")
	if s := recordedAs[service]; s != "" {
		service = s
	}
	candidates := []string{service}
	switch service {
	case "elasticloadbalancing", "apigateway":
		candidates = []string{service, service + "v2"}
	}
	var best *handler
	fits := -1
	for _, c := range candidates {
		h := byName[c+"."+op]
		if h == nil {
			continue
		}
		var members map[string]json.RawMessage
		_ = json.Unmarshal(r.Data, &members)
		n := 0
		for m, raw := range members {
			if f, ok := h.out.FieldByName(m); ok {
				n += 1 + innerFit(f.Type, raw)
			}
		}
		if n > fits {
			best, fits = h, n
		}
	}
	return best
}

// innerFit counts the members of a list's first item that its type has.
func innerFit(t reflect.Type, raw json.RawMessage) int {
	var items []map[string]json.RawMessage
	if t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Struct || json.Unmarshal(raw, &items) != nil || len(items) == 0 {
		return 0
	}
	n := 0
	for m := range items[0] {
		if _, ok := fieldNamed(t.Elem(), m); ok {
			n++
		}
	}
	return n
}

func replayError(t *testing.T, h *handler, r recording) {
	var data struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(r.Data, &data); err != nil || data.Error.Code == "" {
		t.Fatalf("%s: no error code in %s", r.Call, r.Data)
	}
	s := &wireServer{h: h, err: &wire.Error{Code: data.Error.Code, Message: data.Error.Message, Status: r.Status}}
	_, err := operate(sdkClient(h.service, sdkConfig(replay.Transport(s), "us-east-1")), h.operation, context.Background(), requiredInput(h))
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != data.Error.Code && !strings.HasPrefix(s.fault, "matched") && api.ErrorCode() != strings.TrimPrefix(data.Error.Code, "AWS.SimpleQueueService.") {
		t.Errorf("%s: error = %v, want code %s", r.Call, err, data.Error.Code)
	}
}

// replayAnswer returns the recorded members that the SDK's types do not have.
func replayAnswer(t *testing.T, h *handler, r recording) []string {
	d := json.NewDecoder(strings.NewReader(string(r.Data)))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	out := reflect.New(h.out)
	var lost []string
	setRecorded(t, out.Elem(), tree, h.name(), &lost)
	s := &wireServer{h: h, output: out.Interface()}
	got, err := operate(sdkClient(h.service, sdkConfig(replay.Transport(s), "us-east-1")), h.operation, context.Background(), requiredInput(h))
	if err != nil || s.fault != "" {
		t.Errorf("%s of %s: %v %s", r.Call, r.Flight, err, s.fault)
		return nil
	}
	if d := cmp.Diff(out.Interface(), got, compare); d != "" {
		t.Errorf("%s of %s (-sent +read):\n%s", r.Call, r.Flight, d)
	}
	return lost
}

// requiredInput has every member set, so that the client sends it.
func requiredInput(h *handler) any {
	f := newFiller(1)
	f.depth = 5
	in := reflect.New(h.in)
	f.fill(in.Elem(), 0)
	adjustInput(h, in.Elem())
	return in.Interface()
}

// setRecorded sets v from recorded JSON, whose names are the model's.
func setRecorded(t *testing.T, v reflect.Value, src any, where string, lost *[]string) {
	if src == nil {
		return
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		at, ok := recordedTime(src)
		if !ok {
			*lost = append(*lost, fmt.Sprintf("%s, a time that is not %v", where, src))
		}
		v.Set(reflect.ValueOf(at))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		setRecorded(t, p.Elem(), src, where, lost)
		v.Set(p)
	case reflect.Struct:
		tree, ok := src.(map[string]any)
		if !ok {
			*lost = append(*lost, where+", a structure")
			return
		}
		for k, x := range tree {
			i, ok := fieldNamed(v.Type(), k)
			if !ok {
				*lost = append(*lost, k)
				continue
			}
			setRecorded(t, v.Field(i), x, where+"."+k, lost)
		}
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		for k, x := range src.(map[string]any) {
			e := reflect.New(v.Type().Elem()).Elem()
			setRecorded(t, e, x, where, lost)
			m.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), e)
		}
		v.Set(m)
	case reflect.Slice:
		setRecordedSlice(t, v, src, where, lost)
	case reflect.Interface:
		*lost = append(*lost, "a union")
	default:
		setRecordedScalar(v, src, where, lost)
	}
}

func setRecordedSlice(t *testing.T, v reflect.Value, src any, where string, lost *[]string) {
	if s, ok := src.(string); ok {
		v.SetBytes([]byte(s))
		return
	}
	items, ok := src.([]any)
	if !ok {
		*lost = append(*lost, where+", a list")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, x := range items {
		setRecorded(t, out.Index(i), x, where, lost)
	}
	v.Set(out)
}

func setRecordedScalar(v reflect.Value, src any, where string, lost *[]string) {
	switch x := src.(type) {
	case string:
		if v.Kind() == reflect.String {
			v.SetString(x)
			return
		}
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(x)
			return
		}
	case json.Number:
		f, _ := x.Float64()
		switch {
		case v.CanInt():
			v.SetInt(int64(f))
			return
		case v.CanFloat():
			v.SetFloat(f)
			return
		case v.Kind() == reflect.String:
			v.SetString(x.String())
			return
		}
	}
	*lost = append(*lost, fmt.Sprintf("%s, a %s that is not %v", where, v.Type(), src))
}

// recordedTime returns the epoch for what no client could have read.
func recordedTime(src any) (time.Time, bool) {
	epoch := time.Unix(0, 0).UTC()
	switch x := src.(type) {
	case json.Number:
		f, _ := x.Float64()
		return time.UnixMilli(int64(f * 1000)).UTC(), true
	case map[string]any: // one recorder wrote times apart
		n := func(name string) int {
			v, _ := x[name].(json.Number)
			i, _ := v.Int64()
			return int(i)
		}
		at := time.Date(n("year"), time.Month(n("month")), n("day"), n("hour"), n("minute"), n("second"), 0, time.UTC)
		if n("year") == 0 {
			return epoch, false
		}
		return at, true
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02"} {
			if at, err := time.Parse(layout, x); err == nil && at.Year() > 1800 {
				return at.UTC().Truncate(time.Millisecond), true
			}
		}
	}
	return epoch, false
}

func fieldNamed(typ reflect.Type, name string) (int, bool) {
	for i := range typ.NumField() {
		if typ.Field(i).IsExported() && strings.EqualFold(typ.Field(i).Name, name) {
			return i, true
		}
	}
	return 0, false
}
