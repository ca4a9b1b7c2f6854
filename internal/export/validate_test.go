package export

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shape is what a JSON schema says of an object: the members it may have with
// their kinds, and those it must have. A kind is string, number, integer, bool,
// any, a shape's name, or one of these after [] for a list.
type shape struct {
	members map[string]string
	must    []string
	oneOf   []string // at least one of them
	enum    map[string][]string
}

// sarifShapes are the objects of SARIF 2.1.0 that we write, with every member
// that we write: OASIS, sarif-schema-2.1.0.json. The schema allows no others.
var sarifShapes = map[string]shape{
	"log":           {map[string]string{"$schema": "string", "version": "string", "runs": "[]run"}, []string{"version", "runs"}, nil, map[string][]string{"version": {"2.1.0"}}},
	"run":           {map[string]string{"tool": "tool", "invocations": "[]invocation", "results": "[]result", "columnKind": "string"}, []string{"tool"}, nil, map[string][]string{"columnKind": {"utf16CodeUnits", "unicodeCodePoints"}}},
	"tool":          {map[string]string{"driver": "component"}, []string{"driver"}, nil, nil},
	"component":     {map[string]string{"name": "string", "version": "string", "informationUri": "uri", "rules": "[]rule"}, []string{"name"}, nil, nil},
	"rule":          {map[string]string{"id": "string", "shortDescription": "text", "fullDescription": "text", "help": "text", "helpUri": "uri", "deprecatedIds": "[]string", "defaultConfiguration": "configuration", "properties": "bag"}, []string{"id"}, nil, nil},
	"text":          {map[string]string{"text": "string", "markdown": "string"}, []string{"text"}, nil, nil},
	"configuration": {map[string]string{"level": "string"}, nil, nil, map[string][]string{"level": {"none", "note", "warning", "error"}}},
	"invocation":    {map[string]string{"executionSuccessful": "bool", "startTimeUtc": "time", "endTimeUtc": "time", "toolExecutionNotifications": "[]notification"}, []string{"executionSuccessful"}, nil, nil},
	"notification":  {map[string]string{"level": "string", "message": "text", "locations": "[]location"}, []string{"message"}, nil, map[string][]string{"level": {"none", "note", "warning", "error"}}},
	"result":        {map[string]string{"ruleId": "string", "ruleIndex": "integer", "level": "string", "message": "text", "locations": "[]location", "partialFingerprints": "strings", "suppressions": "[]suppression", "properties": "bag"}, []string{"message"}, nil, map[string][]string{"level": {"none", "note", "warning", "error"}}},
	"suppression":   {map[string]string{"kind": "string", "justification": "string", "location": "location"}, []string{"kind"}, nil, map[string][]string{"kind": {"inSource", "external"}}},
	"location":      {map[string]string{"physicalLocation": "physical", "logicalLocations": "[]logical"}, nil, nil, nil},
	"physical":      {map[string]string{"artifactLocation": "artifact", "region": "region"}, nil, []string{"address", "artifactLocation"}, nil},
	"artifact":      {map[string]string{"uri": "reference", "uriBaseId": "string"}, nil, nil, nil},
	"region":        {map[string]string{"startLine": "line", "endLine": "line"}, nil, nil, nil},
	"logical":       {map[string]string{"name": "string", "fullyQualifiedName": "string", "kind": "string"}, nil, nil, nil},
}

// ocsfShapes are the objects of OCSF 1.6.0 that we write, with every member
// that we write.
var ocsfShapes = map[string]shape{
	"event": {map[string]string{"activity_id": "integer", "activity_name": "string", "category_uid": "integer", "category_name": "string", "class_uid": "integer", "class_name": "string", "type_uid": "integer", "type_name": "string",
		"time": "integer", "severity_id": "integer", "severity": "string", "status_id": "integer", "status": "string", "message": "string", "metadata": "metadata", "finding_info": "finding_info", "compliance": "compliance",
		"resources": "[]resource", "remediation": "remediation", "evidences": "[]evidence"},
		[]string{"activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata", "finding_info", "compliance"}, nil, nil},
	"metadata":     {map[string]string{"version": "string", "product": "product", "log_name": "string"}, []string{"version", "product"}, nil, map[string][]string{"version": {"1.6.0"}}},
	"product":      {map[string]string{"name": "string", "vendor_name": "string", "version": "string"}, nil, []string{"name", "uid"}, nil},
	"finding_info": {map[string]string{"uid": "string", "title": "string", "desc": "string", "types": "[]string", "created_time": "integer", "first_seen_time": "integer", "attacks": "[]attack"}, []string{"uid"}, nil, nil},
	"attack":       {map[string]string{"technique": "technique"}, nil, []string{"tactic", "technique", "sub_technique"}, nil},
	"technique":    {map[string]string{"uid": "string"}, nil, []string{"name", "uid"}, nil},
	"compliance":   {map[string]string{"control": "string", "status_id": "integer", "status": "string", "status_details": "[]string", "checks": "[]check"}, nil, nil, nil},
	"check":        {map[string]string{"uid": "string", "name": "string", "desc": "string"}, nil, nil, nil},
	"resource":     {map[string]string{"uid": "string", "name": "string", "type": "string", "region": "string", "labels": "[]string", "data": "any"}, nil, []string{"name", "uid"}, nil},
	"remediation":  {map[string]string{"desc": "string", "references": "[]string"}, []string{"desc"}, nil, nil},
	"evidence":     {map[string]string{"data": "any"}, nil, []string{"data"}, nil},
}

func validateSARIF(v any) []string {
	out := conform(sarifShapes, "log", v, "$")
	for _, run := range v.(map[string]any)["runs"].([]any) {
		run := run.(map[string]any)
		rules := run["tool"].(map[string]any)["driver"].(map[string]any)["rules"].([]any)
		ids := map[string]bool{}
		for _, r := range rules {
			id := r.(map[string]any)["id"].(string)
			if ids[id] {
				out = append(out, "rule "+id+" is there twice")
			}
			ids[id] = true
		}
		for i, r := range run["results"].([]any) {
			r := r.(map[string]any)
			n := int(r["ruleIndex"].(float64))
			if n < 0 || n >= len(rules) || rules[n].(map[string]any)["id"] != r["ruleId"] {
				out = append(out, fmt.Sprintf("result %d: ruleIndex %d is not rule %v", i, n, r["ruleId"]))
			}
		}
	}
	return out
}

// validateOCSF adds to the shapes what the class says of its numbers: the
// type's is class × 100 + activity, and captions are those of the ids.
func validateOCSF(e map[string]any) []string {
	out := conform(ocsfShapes, "event", e, "$")
	want := func(ok bool, format string, args ...any) {
		if !ok {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	caption := func(at map[string]any, id, name string, captions map[float64]string) {
		n, _ := at[id].(float64)
		want(captions[n] != "" && captions[n] == at[name], "%s %v is not %v", id, at[id], at[name])
	}
	want(e["class_uid"] == 2003.0 && e["category_uid"] == 2.0, "class %v in category %v, want 2003 in 2", e["class_uid"], e["category_uid"])
	activity, _ := e["activity_id"].(float64)
	want(e["type_uid"] == 200300+activity, "type_uid %v, want 2003 × 100 + %v", e["type_uid"], activity)
	caption(e, "activity_id", "activity_name", map[float64]string{1: "Create", 2: "Update", 3: "Close"})
	caption(e, "severity_id", "severity", map[float64]string{1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical", 6: "Fatal"})
	caption(e, "status_id", "status", map[float64]string{1: "New", 2: "In Progress", 3: "Suppressed", 4: "Resolved", 5: "Archived"})
	caption(e["compliance"].(map[string]any), "status_id", "status", map[float64]string{1: "Pass", 2: "Warning", 3: "Fail"})
	at, _ := e["time"].(float64)
	want(at > 1e12 && at < 1e13, "time %v is not in milliseconds", e["time"])
	return out
}

var utc = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)

// conform returns how a value differs from a kind.
func conform(shapes map[string]shape, kind string, v any, path string) []string {
	if item, ok := strings.CutPrefix(kind, "[]"); ok {
		list, ok := v.([]any)
		if !ok {
			return []string{path + " is no list"}
		}
		var out []string
		for i, x := range list {
			out = append(out, conform(shapes, item, x, fmt.Sprintf("%s[%d]", path, i))...)
		}
		return out
	}
	if s, ok := shapes[kind]; ok {
		return conformObject(shapes, s, v, path)
	}
	text, isText := v.(string)
	number, isNumber := v.(float64)
	ok := false
	switch kind {
	case "any":
		ok = true
	case "string":
		ok = isText
	case "bool":
		_, ok = v.(bool)
	case "integer":
		ok = isNumber && number == float64(int64(number))
	case "line":
		ok = isNumber && number >= 1 && number == float64(int64(number))
	case "time":
		ok = isText && utc.MatchString(text)
	case "uri":
		u, err := url.Parse(text)
		ok = isText && err == nil && u.IsAbs()
	case "reference":
		_, err := url.Parse(text)
		ok = isText && err == nil && !strings.ContainsAny(text, ` \"<>`)
	case "bag":
		bag, is := v.(map[string]any)
		ok = is
		if tags, has := bag["tags"]; has {
			return conform(shapes, "[]string", tags, path+".tags")
		}
	case "strings":
		m, is := v.(map[string]any)
		ok = is
		for _, x := range m {
			if _, is := x.(string); !is {
				ok = false
			}
		}
	default:
		return []string{"no kind " + kind}
	}
	if !ok {
		return []string{fmt.Sprintf("%s is %v, want %s", path, v, kind)}
	}
	return nil
}

func conformObject(shapes map[string]shape, s shape, v any, path string) []string {
	m, ok := v.(map[string]any)
	if !ok {
		return []string{path + " is no object"}
	}
	var out []string
	for _, name := range s.must {
		if _, has := m[name]; !has {
			out = append(out, path+" lacks "+name)
		}
	}
	if len(s.oneOf) > 0 && !slices.ContainsFunc(s.oneOf, func(n string) bool { _, has := m[n]; return has }) {
		out = append(out, fmt.Sprintf("%s has none of %v", path, s.oneOf))
	}
	for name, x := range m {
		kind, known := s.members[name]
		if !known {
			out = append(out, path+" may not have "+name)
			continue
		}
		if allowed := s.enum[name]; allowed != nil && !slices.Contains(allowed, fmt.Sprint(x)) {
			out = append(out, fmt.Sprintf("%s.%s is %v, want one of %v", path, name, x, allowed))
		}
		out = append(out, conform(shapes, kind, x, path+"."+name)...)
	}
	slices.Sort(out)
	return out
}

// TestValidators tries that they refuse.
func TestValidators(t *testing.T) {
	for name, v := range map[string]any{
		"unknown member": map[string]any{"version": "2.1.0", "runs": []any{}, "x": 1.0},
		"wrong version":  map[string]any{"version": "2.0.0", "runs": []any{}},
		"missing runs":   map[string]any{"version": "2.1.0"},
		"line zero":      map[string]any{"version": "2.1.0", "runs": []any{map[string]any{"tool": map[string]any{"driver": map[string]any{"name": "x"}}, "results": []any{map[string]any{"message": map[string]any{"text": "x"}, "locations": []any{map[string]any{"physicalLocation": map[string]any{"artifactLocation": map[string]any{"uri": "a b"}, "region": map[string]any{"startLine": 0.0}}}}}}}}},
	} {
		if got := conform(sarifShapes, "log", v, "$"); len(got) == 0 {
			t.Errorf("%s is accepted", name)
		}
	}
	event := map[string]any{"class_uid": 2003.0, "category_uid": 2.0, "activity_id": 1.0, "type_uid": 200302.0, "time": 1.0, "compliance": map[string]any{"status_id": 1.0, "status": "Fail"}}
	if got := validateOCSF(event); len(got) < 5 {
		t.Errorf("a wrong event has only the problems %v", got)
	}
}
