package helm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
	yamlv3 "sigs.k8s.io/yaml/goyaml.v3"
)

// functions are those that Helm gives to templates, with limits. Those that ask
// the machine or the network answer as they do without either; those that draw
// at random or tell the time would give another asset in every scan, so that
// what they return is unknown.
// Source: Helm documentation, "Template Function List".
func (r *renderer) functions() template.FuncMap {
	out := template.FuncMap{}
	for name, fn := range sprig.TxtFuncMap() {
		if shallow[name] {
			out[name] = fn
			continue
		}
		out[name] = r.bounded(fn)
	}
	delete(out, "env")
	delete(out, "expandenv")
	for _, set := range []template.FuncMap{r.conversions(), r.sizes(), r.pairs(), r.random(), durations(), r.includes(r.root)} {
		maps.Copy(out, set)
	}
	out["set"] = r.set
	out["getHostByName"] = func(string) string { return "" }
	out["lookup"] = func(string, string, string, string) map[string]any { return map[string]any{} }
	out["required"] = r.required
	out["fail"] = func(message string) (string, error) {
		return "", fmt.Errorf("the chart refuses these values: %s", message)
	}
	out["bulwark_print"] = r.print
	out["bulwark_step"] = func() (string, error) { return "", r.step(1) }
	return out
}

// shallow are functions that look at no more than the top of their arguments,
// which may be all of a chart's values.
var shallow = map[string]bool{"dict": true, "list": true, "tuple": true, "get": true, "hasKey": true, "keys": true, "default": true, "empty": true,
	"coalesce": true, "ternary": true, "kindOf": true, "kindIs": true, "typeOf": true, "typeIs": true, "typeIsLike": true, "first": true, "last": true, "unset": true}

// set is sprig's, but for values that would hold themselves.
func (r *renderer) set(d map[string]any, name string, v any) (map[string]any, error) {
	if err := r.step(1); err != nil {
		return nil, err
	}
	old, was := d[name]
	d[name] = v
	switch v.(type) {
	case map[string]any, []any:
		if err := r.measure(d); err != nil {
			if delete(d, name); was {
				d[name] = old
			}
			return nil, err
		}
	}
	return d, nil
}

// print is what an action's value goes through on its way to the output.
func (r *renderer) print(id int, v any) (string, error) {
	text, ok := v.(string)
	if !ok {
		if v == nil {
			return "", nil
		}
		if err := r.measure(v); err != nil {
			return "", err
		}
		text = fmt.Sprint(v)
	}
	if err := r.step(1); err != nil {
		return "", err
	}
	return mark(text, id), nil
}

// conversions are Helm's own functions between texts and values.
func (r *renderer) conversions() template.FuncMap {
	out := template.FuncMap{}
	for name, fn := range map[string]any{
		"toYaml": toYAML,
		"mustToYaml": func(v any) (string, error) {
			data, err := yaml.Marshal(v)
			return strings.TrimSuffix(string(data), "\n"), err
		},
		"toYamlPretty": func(v any) string {
			var b bytes.Buffer
			e := yamlv3.NewEncoder(&b)
			e.SetIndent(2)
			if e.Encode(v) != nil {
				return ""
			}
			return strings.TrimSuffix(b.String(), "\n")
		},
		"fromYaml":      func(text string) map[string]any { return object(text, readYAML) },
		"fromYamlArray": func(text string) []any { return array(text, readYAML) },
		"toJson":        func(v any) string { data, _ := json.Marshal(v); return string(data) },
		"mustToJson":    func(v any) (string, error) { data, err := json.Marshal(v); return string(data), err },
		"fromJson":      func(text string) map[string]any { return object(text, json.Unmarshal) },
		"fromJsonArray": func(text string) []any { return array(text, json.Unmarshal) },
		"toToml": func(v any) string {
			text, err := toTOML(v)
			if err != nil {
				return err.Error()
			}
			return text
		},
		"mustToToml": toTOML,
		"fromToml":   func(text string) map[string]any { return object(text, readTOML) },
	} {
		out[name] = r.bounded(fn)
	}
	return out
}

func toYAML(v any) string {
	data, err := yaml.Marshal(v)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(data), "\n")
}

func toTOML(v any) (string, error) {
	var b bytes.Buffer
	err := toml.NewEncoder(&b).Encode(v)
	return b.String(), err
}

// object and array read a text; what is wrong with it becomes the value, as
// templates expect.
func object(text string, read func([]byte, any) error) map[string]any {
	out := map[string]any{}
	if err := read([]byte(text), &out); err != nil {
		out["Error"] = err.Error()
	}
	return out
}

func array(text string, read func([]byte, any) error) []any {
	out := []any{}
	if err := read([]byte(text), &out); err != nil {
		return []any{err.Error()}
	}
	return out
}

func readYAML(data []byte, to any) error {
	if err := soundYAML(data); err != nil {
		return err
	}
	return yaml.Unmarshal(data, to)
}

// maxTOML bounds a text of TOML, whose reader goes as deep as there are brackets
// and dots in it, by way of the stack.
const maxTOML = 64 << 10

func readTOML(data []byte, to any) error {
	if len(data) > maxTOML {
		return fmt.Errorf("a text of %d bytes, more than the %d of TOML that are read", len(data), maxTOML)
	}
	return toml.Unmarshal(data, to)
}

// sizes are the functions of sprig whose result may be far larger than their
// arguments, with the size told beforehand.
func (r *renderer) sizes() template.FuncMap {
	f := sprig.TxtFuncMap()
	numbers := func(n float64) error {
		if n = math.Abs(n); n > maxItems {
			return fmt.Errorf("a list of %.0f numbers, more than the %d that are made", n, maxItems)
		}
		return r.step(1 + int(n)/16)
	}
	pad := func(spaces int, text string) (string, error) {
		if spaces < 0 {
			return "", fmt.Errorf("indent by %d", spaces)
		}
		if err := r.make(len(text) + min(spaces, maxText)*(1+strings.Count(text, "\n"))); err != nil {
			return "", err
		}
		blank := strings.Repeat(" ", spaces)
		return blank + strings.ReplaceAll(text, "\n", "\n"+blank), r.step(1)
	}
	return template.FuncMap{
		"repeat": func(n int, text string) (string, error) {
			if n < 0 {
				return "", fmt.Errorf("repeat %d times", n)
			}
			if err := r.make(min(n, maxText+1) * len(text)); err != nil {
				return "", err
			}
			return strings.Repeat(text, n), r.step(1)
		},
		"indent":  pad,
		"nindent": func(spaces int, text string) (string, error) { out, err := pad(spaces, text); return "\n" + out, err },
		"trim":    func(text string) (string, error) { return strings.TrimSpace(text), r.step(1) },
		"until": func(n int) ([]int, error) {
			if err := numbers(float64(n)); err != nil {
				return nil, err
			}
			return f["until"].(func(int) []int)(n), nil
		},
		"untilStep": func(start, stop, step int) ([]int, error) {
			if step == 0 {
				return []int{}, nil
			}
			const most = 1 << 53 // beyond it a step leads back to where numbers begin
			if max(start, stop, step) > most || min(start, stop, step) < -most {
				return nil, errors.New("a number beyond those that are counted to")
			}
			if err := numbers((float64(stop) - float64(start)) / float64(step)); err != nil {
				return nil, err
			}
			return f["untilStep"].(func(int, int, int) []int)(start, stop, step), nil
		},
		"seq": func(params ...int) (string, error) {
			for _, p := range params {
				if err := numbers(float64(p)); err != nil {
					return "", err
				}
			}
			return f["seq"].(func(...int) string)(params...), nil
		},
		"replace": func(old, with, text string) (string, error) {
			if err := r.make(len(text) + strings.Count(text, old)*len(with)); err != nil {
				return "", err
			}
			return strings.ReplaceAll(text, old, with), r.step(1)
		},
		"wrapWith": func(n int, sep, text string) (string, error) {
			if err := r.make(len(text) * (1 + len(sep))); err != nil {
				return "", err
			}
			return f["wrapWith"].(func(int, string, string) string)(n, sep, text), r.step(1)
		},
		"join": func(sep string, list any) (string, error) {
			if err := r.measure(list); err != nil {
				return "", err
			}
			items := f["toStrings"].(func(any) []string)(list)
			if err := r.make(len(sep) * len(items)); err != nil {
				return "", err
			}
			return strings.Join(items, sep), r.step(1)
		},
		"printf":                     r.printf,
		"print":                      r.bounded(fmt.Sprint),
		"println":                    r.bounded(fmt.Sprintln),
		"html":                       r.bounded(template.HTMLEscaper),
		"js":                         r.bounded(template.JSEscaper),
		"urlquery":                   r.bounded(template.URLQueryEscaper),
		"regexReplaceAll":            r.regexReplace((*regexp.Regexp).ReplaceAllString),
		"mustRegexReplaceAll":        r.regexReplace((*regexp.Regexp).ReplaceAllString),
		"regexReplaceAllLiteral":     r.regexReplace((*regexp.Regexp).ReplaceAllLiteralString),
		"mustRegexReplaceAllLiteral": r.regexReplace((*regexp.Regexp).ReplaceAllLiteralString),
	}
}

// printf is Go's, with the size of what it prints told beforehand: a width may
// be a million for each verb, and one argument be printed by many.
func (r *renderer) printf(format string, args ...any) (string, error) {
	m := meter{items: maxItems, bytes: maxText}
	star := 0
	for _, a := range args {
		if err := m.value(a, 0); err != nil {
			return "", err
		}
		if v := reflect.ValueOf(a); v.CanInt() {
			star = max(star, int(min(max(v.Int(), -v.Int()), maxWidth)))
		}
	}
	text := maxText - m.bytes
	whole := text + 32*(maxItems-m.items) // of all arguments
	size := len(format) + whole
	for i := 0; i < len(format) && size <= maxText; i++ {
		if format[i] != '%' {
			continue
		}
		number := 0
		for i++; i < len(format) && strings.IndexByte("+-# 0123456789.*[]", format[i]) >= 0; i++ {
			c := format[i]
			if c >= '0' && c <= '9' {
				number = min(10*number+int(c-'0'), maxWidth)
				continue
			}
			size, number = size+number, 0
			switch c {
			case '*':
				size += star
			case '[':
				size += whole
			}
		}
		if size += number; i < len(format) && strings.IndexByte("svdtfgeTc%", format[i]) < 0 {
			size += 8 * text // quoted, in hexadecimal
		}
	}
	if size > maxText {
		return "", fmt.Errorf("a text of %d bytes or more, more than the %d that are made", size, maxText)
	}
	out := fmt.Sprintf(format, args...)
	if err := r.make(len(out)); err != nil {
		return "", err
	}
	return out, r.step(1 + len(out)/4096)
}

// maxWidth is the largest width and precision that Go heeds.
const maxWidth = 1_000_000

// regexReplace replaces all matches. The size of the result is told beforehand:
// each match gives way to the replacement, with what $ in it names.
func (r *renderer) regexReplace(replace func(re *regexp.Regexp, text, with string) string) func(string, string, string) (string, error) {
	return func(expression, text, with string) (string, error) {
		re, err := regexp.Compile(expression)
		if err != nil {
			return "", err
		}
		if len(text) > maxTemplate {
			return "", fmt.Errorf("a text of %d bytes, more than the %d in which is replaced", len(text), maxTemplate)
		}
		matches := len(re.FindAllStringIndex(text, -1))
		if size := len(text)*(1+strings.Count(with, "$")) + matches*len(with); size > maxText {
			return "", fmt.Errorf("a text of %d bytes or more, more than the %d that are made", size, maxText)
		}
		out := replace(re, text, with)
		if err := r.make(len(out)); err != nil {
			return "", err
		}
		return out, r.step(1 + (len(text)+len(out))/100)
	}
}

// pairs are the functions of sprig that hold every element of a list against
// others.
func (r *renderer) pairs() template.FuncMap {
	f := sprig.TxtFuncMap()
	uniq := func(list any) ([]any, error) {
		if err := r.compare(list, list); err != nil {
			return nil, err
		}
		return f["mustUniq"].(func(any) ([]any, error))(list)
	}
	without := func(list any, omit ...any) ([]any, error) {
		if err := r.compare(list, omit); err != nil {
			return nil, err
		}
		return f["mustWithout"].(func(any, ...any) ([]any, error))(list, omit...)
	}
	return template.FuncMap{"uniq": uniq, "mustUniq": uniq, "without": without, "mustWithout": without}
}

// compare takes the steps of holding each element of a list against all of
// another value.
func (r *renderer) compare(list, other any) error {
	if err := r.measure(list); err != nil {
		return err
	}
	m := meter{items: maxItems, bytes: maxText}
	if err := m.value(other, 0); err != nil {
		return err
	}
	n := 1
	if v := reflect.ValueOf(list); v.Kind() == reflect.Slice || v.Kind() == reflect.Array {
		n = v.Len()
	}
	size := maxItems - m.items + (maxText-m.bytes)/256
	work := n * size / 64
	if work > maxSteps/4 {
		return fmt.Errorf("a list of %d elements, each held against all of another", n)
	}
	return r.step(1 + work)
}

// unsetMark and the rune after it stand for a value that is not known before
// the chart is installed.
const (
	unsetMark  = '\uf8f5'
	firstUnset = '\ue000'
	maxUnset   = 4000
)

// unknown returns a text that stands for a value and becomes an unknown one in
// the assets, for the reason.
func (r *renderer) unknown(reason string) string {
	id := -1
	for i, known := range r.unset {
		if known == reason {
			id = i
		}
	}
	if id < 0 && len(r.unset) < maxUnset {
		id = len(r.unset)
		r.unset = append(r.unset, reason)
	}
	return string(unsetMark) + string(rune(firstUnset+max(id, 0)))
}

// reason returns why a text is not known.
func (r *renderer) reason(text string) (string, bool) {
	i := strings.IndexRune(text, unsetMark)
	if i < 0 {
		return "", false
	}
	c, _ := utf8.DecodeRuneInString(text[i+len(string(unsetMark)):])
	if id := int(c - firstUnset); id >= 0 && id < len(r.unset) {
		return r.unset[id], true
	}
	return "not known before the chart is installed", true
}

// required is Helm's, but that a value which is not given is unknown and fails
// nothing.
func (r *renderer) required(message string, v any) any {
	if v == nil || v == "" {
		return r.unknown("the chart requires this value: " + oneLine(message))
	}
	return v
}

// random are the functions whose results differ between two runs.
func (r *renderer) random() template.FuncMap {
	made := func(what string) func(...any) string {
		return func(...any) string { return r.unknown(what + " when the chart is installed") }
	}
	cert := func(...any) any {
		key := made("made")()
		return struct{ Cert, Key string }{key, key}
	}
	out := template.FuncMap{
		"now":     func() time.Time { return time.Unix(0, 0).UTC() },
		"ago":     func(any) string { return "0s" },
		"randInt": func(low, high int) int { return low },
		"b64enc":  r.encode(sprig.TxtFuncMap()["b64enc"].(func(string) string)),
		"b32enc":  r.encode(sprig.TxtFuncMap()["b32enc"].(func(string) string)),
	}
	for _, name := range []string{"randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "uuidv4", "shuffle"} {
		out[name] = made("drawn at random")
	}
	for _, name := range []string{"genPrivateKey", "derivePassword", "bcrypt", "htpasswd", "encryptAES"} {
		out[name] = made("made")
	}
	for _, name := range []string{"genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "buildCustomCert"} {
		out[name] = cert
	}
	return out
}

// encode keeps what is unknown from hiding in another alphabet.
func (r *renderer) encode(fn func(string) string) func(string) (string, error) {
	return func(text string) (string, error) {
		if _, ok := r.reason(text); ok {
			return text, nil
		}
		if err := r.make(2 * len(text)); err != nil {
			return "", err
		}
		return fn(text), r.step(1)
	}
}

// durations are the functions on times that Helm adds.
func durations() template.FuncMap {
	out := template.FuncMap{
		"mustToDuration":     toDuration,
		"durationRoundTo":    func(v, m any) time.Duration { return lenient(v).Round(lenient(m)) },
		"durationTruncateTo": func(v, m any) time.Duration { return lenient(v).Truncate(lenient(m)) },
		"durationSeconds":    func(v any) float64 { return lenient(v).Seconds() },

		"durationMilliseconds": func(v any) int64 { return lenient(v).Milliseconds() },
		"durationMicroseconds": func(v any) int64 { return lenient(v).Microseconds() },
		"durationNanoseconds":  func(v any) int64 { return lenient(v).Nanoseconds() },
	}
	for name, unit := range map[string]time.Duration{"Minutes": time.Minute, "Hours": time.Hour, "Days": 24 * time.Hour, "Weeks": 7 * 24 * time.Hour} {
		out["duration"+name] = func(v any) float64 { return float64(lenient(v)) / float64(unit) }
	}
	return out
}

func lenient(v any) time.Duration {
	d, err := toDuration(v)
	if err != nil {
		return 0
	}
	return d
}

// toDuration reads a duration, "1h2m", or a number of seconds.
func toDuration(v any) (time.Duration, error) {
	if d, ok := v.(time.Duration); ok {
		return d, nil
	}
	text := strings.TrimSpace(fmt.Sprint(v))
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds > 9e9 || seconds < -9e9 {
		return 0, fmt.Errorf("%q is no duration", text)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
