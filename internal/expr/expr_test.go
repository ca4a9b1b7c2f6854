package expr

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

const (
	symbol = `{"$symbol":["arn:aws:s3:::",{"kind":"computed","scope":"","address":"aws_s3_bucket.b","attribute":"id"},"/*"]}`
	made   = `{"$symbol":[{"kind":"computed","scope":"","address":"aws_vpc.v","attribute":"cidr_block"}]}`
	secret = `{"$secret":["password","ab12"]}`
)

// functionTests are expressions over x, and what they yield.
var functionTests = []struct{ name, text, x, want string }{
	{"quantity_milli", `quantity(x) < quantity('1')`, `"500m"`, `true`},
	{"quantity_binary", `quantity(x) == quantity('1024Mi')`, `"1Gi"`, `true`},
	{"quantity_exponent", `quantity(x) == quantity('1k')`, `"1e3"`, `true`},
	{"quantity_bad", `quantity(x) < quantity('1')`, `"1Zi"`, `unknown`},
	{"version_numbers", `version(x) > version('1.9')`, `"1.10"`, `true`},
	{"version_prerelease", `version(x) < version('2.0.0')`, `"v2.0.0-rc.1"`, `true`},
	{"version_bad", `version(x) < version('2')`, `"latest"`, `unknown`},
	{"cidr_public", `cidr(x).isPublic()`, `"8.8.0.0/16"`, `true`},
	{"cidr_private", `cidr(x).isPublic()`, `"10.1.0.0/16"`, `false`},
	{"cidr_all", `cidr(x).isPublic() && isOpenToInternet(x)`, `"0.0.0.0/0"`, `true`},
	{"cidr_all_six", `isOpenToInternet(x)`, `"::/0"`, `true`},
	{"open_symbol", `isOpenToInternet(x)`, `{"$symbol":[{"kind":"input","scope":"","address":"var.c","attribute":""}]}`, `unknown`},
	{"cidr_contains", `cidrContains('10.0.0.0/8', x)`, `"10.9.0.0/24"`, `true`},
	{"cidr_contains_wider", `cidrContains('10.0.0.0/8', x)`, `"0.0.0.0/0"`, `false`},
	{"ip_private", `ip(x).isPublic()`, `"192.168.1.1"`, `false`},
	{"ip_family", `ip(x).family()`, `"2001:4860::1"`, `6`},
	{"is_ip", `isIP(x)`, `"nope"`, `false`},
	{"json", `json(x).a[1]`, `"{\"a\":[1,2]}"`, `2`},
	{"json_bad", `json(x).a`, `"{"`, `unknown`},
	{"statements_one", `size(statements(x))`, `{"Statement":{"Effect":"Allow"}}`, `1`},
	{"statements_none", `size(statements(x))`, `null`, `0`},
	{"strings_one", `strings(x)`, `"a"`, `["a"]`},
	{"strings_list", `strings(x)`, `["a","b"]`, `["a","b"]`},
	{"strings_unknown", `strings(x)`, `{"$unknown":"denied"}`, `unknown`},
	{"strings_scalars", `strings(x)`, `[false,1,"a"]`, `["false","1","a"]`},
	{"written_text", `written(x).contains('b')`, `"abc"`, `true`},
	{"written_unknown", `written(x)`, `{"$unknown":"denied"}`, `unknown`},
	{"principals", `principals(x)`, `{"Principal":{"AWS":["a","b"],"Service":"c"}}`, `["a","b","c"]`},
	{"like", `like(x, 's3:Get*')`, `"s3:GetObject"`, `true`},
	{"like_not", `like(x, 's3:?et')`, `"s3:GetObject"`, `false`},
	{"sets", `sets.contains(x, ['a']) && sets.intersects(x, ['c','b']) && sets.equivalent(x, ['b','a'])`, `["a","b"]`, `true`},
	{"sets_absent", `sets.contains(['a'], x)`, `null`, `true`},
	{"strings_ext", `x.lowerAscii().split(',').map(s, s.trim()).join('|').replace('b', 'c')`, `"A, B"`, `"a|c"`},
	{"base64", `string(base64.decode(x))`, `"aGk="`, `"hi"`},
	{"days", `days(x) == duration('48h')`, `2`, `true`},
	{"time", `timestamp(x) + duration('1h')`, `"2024-01-01T00:00:00Z"`, `"2024-01-01T01:00:00Z"`},
	{"exists_one", `x.exists_one(e, e == 'a')`, `["a","b"]`, `true`},
	{"map_literal", `{'a': x}.a`, `3`, `3`},
	{"map_iteration", `sets.equivalent({'b': 1, 'a': 2}.map(k, k), ['a', 'b'])`, `3`, `true`},
	{"bind", `cel.bind(y, x + 1, y * y)`, `2`, `9`},
	{"conditional", `x == 1 ? 'one' : 'other'`, `1`, `"one"`},
	{"double_and_int", `x == 1 && x < 1.5`, `1.0`, `true`},
	{"symbol_itself", `x == x`, symbol, `true`},
	{"symbol_null", `x == null || x == ''`, symbol, `false`},
	{"symbol_other", `x == 'arn:aws:s3:::other/*'`, symbol, `unknown`},
	{"symbol_contradicted", `x == '*'`, symbol, `false`},
	{"symbol_prefix", `x.startsWith('arn:aws:')`, symbol, `true`},
	{"symbol_prefix_not", `x.startsWith('arn:gcp:')`, symbol, `false`},
	{"symbol_prefix_beyond", `x.startsWith('arn:aws:s3:::logs')`, symbol, `unknown`},
	{"symbol_suffix", `x.endsWith('/*')`, symbol, `true`},
	{"symbol_contains", `x.contains('s3')`, symbol, `true`},
	{"symbol_matches", `x.matches('^arn')`, symbol, `unknown`},
	{"symbol_lower", `x.lowerAscii() == 'a'`, symbol, `unknown`},
	{"symbol_joined", `('x' + x).startsWith('xarn')`, symbol, `true`},
	{"symbol_any", `like(x, '*')`, symbol, `true`},
	{"symbol_made_is_no_wildcard", `x == '*' || x in ['0.0.0.0/0', '::/0'] || isOpenToInternet(x)`, made, `false`},
	{"symbol_made_in_part", `x == '*'`, `{"$symbol":[{"kind":"account","scope":"","address":"","attribute":""},"",{"kind":"input","scope":"","address":"var.c","attribute":""}]}`, `unknown`},
	{"symbol_made_may_be_else", `x == '10.0.0.0/8'`, made, `unknown`},
	{"symbol_input_may_be_wildcard", `x == '*'`, `{"$symbol":[{"kind":"input","scope":"","address":"var.c","attribute":""}]}`, `unknown`},
	{"symbol_undeclared_is_no_wildcard", `x == '*'`, `{"$symbol":[{"kind":"undeclared","scope":"","address":"module.m.aws_vpc.v","attribute":"cidr_block"}]}`, `false`},
	{"symbol_undeclared_local", `x == '*'`, `{"$symbol":[{"kind":"undeclared","scope":"","address":"local.v","attribute":"cidr"}]}`, `unknown`},
	{"written", `written(x)`, symbol, `"arn:aws:s3:::${aws_s3_bucket.b.id}/*"`},
	{"written_derived", `written(x)`, `{"$symbol":["a=",{"kind":"derived","scope":"","address":"base64encode(var.a)","attribute":""}]}`, `unknown`},
	{"plain", `plainText(x)`, `"ZXhwb3J0IEE9MQ=="`, `"export A=1"`},
	{"plain_other", `plainText(x)`, `"#!/bin/sh echo hello"`, `"#!/bin/sh echo hello"`},
	{"plain_word", `plainText(x)`, `"password"`, `"password"`},
	{"plain_bytes", `plainText(x)`, `"AAAAAAAAAAAAAAAA"`, `"AAAAAAAAAAAAAAAA"`},
	{"written_null", `written(x) == null`, `null`, `true`},
	{"own_key", `isOwnKey(x)`, `"alias/shop"`, `true`},
	{"own_key_none", `isOwnKey(x) || isOwnKey('')`, `null`, `false`},
	{"own_key_of_service", `isOwnKey(x)`, `"arn:aws:kms:eu-west-1:111122223333:alias/aws/sns"`, `false`},
	{"own_key_symbol", `isOwnKey(x)`, made, `true`},
	{"own_key_unknown", `isOwnKey(x)`, `{"$unknown":"denied"}`, `unknown`},
	{"everybody", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":"*"}`, `true`},
	{"everybody_list", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::1:root","*"]}}`, `true`},
	{"everybody_service", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":{"Service":"*"}}`, `false`},
	{"everybody_denied", `allowsEverybody(x)`, `{"Effect":"Deny","Principal":"*"}`, `false`},
	{"everybody_account", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":"arn:aws:iam::1:root"}`, `false`},
	{"everybody_bound", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":"*","Condition":{"ForAnyValue:StringEquals":{"AWS:PrincipalOrgId":["o-1"]}}}`, `false`},
	{"everybody_empty_set", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":"*","Condition":{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`, `true`},
	{"everybody_any_account", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::*:root"}}`, `true`},
	{"everybody_by_name", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":"*","Condition":{"StringEquals":{"aws:username":"ann"}}}`, `true`},
	{"everybody_not_bound", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}`, `true`},
	{"everybody_if_exists", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":"*","Condition":{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}}`, `true`},
	{"everybody_any_value", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":"*","Condition":{"StringLike":{"aws:SourceArn":"*"}}}`, `true`},
	{"everybody_any_network", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","0.0.0.0/0"]}}}`, `true`},
	{"everybody_unknown_condition", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":"*","Condition":{"$unknown":"denied"}}`, `unknown`},
	{"everybody_unknown_of_other", `allowsEverybody(x)`, `{"Effect":"Allow","Principal":{"AWS":"1"},"Condition":{"$unknown":"denied"}}`, `false`},
	{"absent_text", `x.startsWith('a') || x.endsWith('a') || x.contains('a') || x.matches('a') || x.lowerAscii() == 'a'`, `null`, `false`},
	{"absent_text_upper", `x.upperAscii() == null`, `null`, `true`},
	{"upper", `x.upperAscii() + x.lowerAscii()`, `"aÜ"`, `"AÜaÜ"`},
	{"secret_null", `x == null`, secret, `false`},
	{"secret_other", `x == 'hunter2'`, secret, `unknown`},
	{"secret_matches", `x.matches('h')`, secret, `unknown`},
	{"index_out", `x[3]`, `[1]`, `unknown`},
	{"select_in_scalar", `x.a`, `3`, `unknown`},
	{"unknown_and_false", `x == 1 && false`, `{"$unknown":"denied"}`, `false`},
	{"in_unknown_member", `'a' in x`, `["b",{"$unknown":"denied"}]`, `unknown`},
	{"in_known_member", `'a' in x`, `["a",{"$unknown":"denied"}]`, `true`},
	{"in_absent", `'a' in x`, `null`, `false`},
	{"deep_equal", `x == {'a': [1, 2]}`, `{"a":[1,2]}`, `true`},
	{"deep_unknown", `x == {'a': [1, 2]}`, `{"a":[1,{"$unknown":"denied"}]}`, `unknown`},
}

// TestFunctions evaluates expressions over one value x.
func TestFunctions(t *testing.T) {
	env, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range functionTests {
		t.Run(tt.name, func(t *testing.T) {
			sc := env.Free("x")
			p, problems := sc.Compile(bulwark.Expr{Text: tt.text})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if !p.Compiled() {
				t.Errorf("%s is left to cel-go", tt.text)
			}
			var r Run
			r.ResetFree(sc, map[string]bulwark.Value{"x": decode(t, tt.x, nil)}, time.Time{})
			for name, v := range map[string]val{"closures": p.eval(&r), "cel-go": p.interpret(&r)} {
				got, err := export(v)
				if err != nil {
					t.Fatal(err)
				}
				text := got.String()
				if got.Kind() == bulwark.Unknown {
					text = "unknown"
				}
				if text != tt.want {
					t.Errorf("%s with x = %s is %s by %s, want %s", tt.text, tt.x, got, name, tt.want)
				}
			}
		})
	}
}

// TestUntil holds the instant that comparisons with now tell.
func TestUntil(t *testing.T) {
	env, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2024, 1, 10, 0, 0, 0, 0, time.UTC)
	tests := []struct{ name, text, until string }{
		{"age", `now - timestamp('2024-01-01T00:00:00Z') > duration('720h')`, "2024-01-31T00:00:00Z"},
		{"deadline", `timestamp('2024-02-01T00:00:00Z') - now < duration('24h')`, "2024-01-31T00:00:00Z"},
		{"plain", `now < timestamp('2024-01-11T00:00:00Z')`, "2024-01-11T00:00:00Z"},
		{"shifted", `timestamp('2024-01-01T00:00:00Z') < now - duration('480h')`, "2024-01-21T00:00:00Z"},
		{"past", `now > timestamp('2024-01-09T00:00:00Z')`, ""},
		{"earliest", `now > timestamp('2024-03-01T00:00:00Z') || now > timestamp('2024-02-01T00:00:00Z')`, "2024-02-01T00:00:00Z"},
		{"short_circuit", `now > timestamp('2024-01-01T00:00:00Z') || now > timestamp('2024-02-01T00:00:00Z')`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sc := env.Free()
			p, problems := sc.CompileBool(bulwark.Expr{Text: tt.text})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			var r Run
			r.ResetFree(sc, nil, now)
			before, _ := p.Ask(&r)
			got := ""
			if !r.Until().IsZero() {
				got = r.Until().Format(time.RFC3339)
			}
			if got != tt.until {
				t.Fatalf("until of %s = %q, want %q", tt.text, got, tt.until)
			}
			if tt.until == "" || tt.name == "earliest" {
				return
			}
			flip := r.Until()
			r.ResetFree(sc, nil, flip.Add(-1))
			if a, _ := p.Ask(&r); a != before {
				t.Errorf("%s changes before %s", tt.text, tt.until)
			}
			r.ResetFree(sc, nil, flip.Add(1))
			if a, _ := p.Ask(&r); a == before {
				t.Errorf("%s does not change at %s", tt.text, tt.until)
			}
		})
	}
}

func TestGlobEqualsRegexp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	letters := func(set string) string {
		var b strings.Builder
		for range rng.IntN(8) {
			b.WriteByte(set[rng.IntN(len(set))])
		}
		return b.String()
	}
	for range 20_000 {
		p, s := letters("ab*?"), letters("abc")
		re := "^" + strings.NewReplacer("*", ".*", "?", ".").Replace(p) + "$"
		if got, want := glob(p, s), regexp.MustCompile(re).MatchString(s); got != want {
			t.Fatalf("glob(%q, %q) = %v, want %v", p, s, got, want)
		}
	}
}

func TestMatcherEqualsRegexp(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	plain := 0
	for range 5_000 {
		var p strings.Builder
		for range 1 + rng.IntN(5) {
			p.WriteString([]string{"a", "b", "(a|bc)", "[ab]", "c?", "^", "$", ".", "a+", "(?i)a", "(ab|ac)", "\\b", "|"}[rng.IntN(13)])
		}
		re, err := regexp.Compile(p.String())
		if err != nil {
			continue
		}
		if language(mustParse(t, p.String())) != nil {
			plain++
		}
		match := matcher(re)
		for range 20 {
			var s strings.Builder
			for range rng.IntN(6) {
				s.WriteByte("abcA\n"[rng.IntN(5)])
			}
			if got, want := match(s.String()), re.MatchString(s.String()); got != want {
				t.Fatalf("matcher(%q)(%q) = %v, want %v", p.String(), s.String(), got, want)
			}
		}
	}
	if plain < 500 {
		t.Errorf("%d patterns are plain: too few", plain)
	}
}

func mustParse(t *testing.T, p string) *syntax.Regexp {
	t.Helper()
	re, err := syntax.Parse(p, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	return re.Simplify()
}

func TestNearest(t *testing.T) {
	names := []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls"}
	for _, tt := range []struct{ name, want string }{
		{"blockPublicAcls", "BlockPublicAcls"}, {"BlockPublicAcl", "BlockPublicAcls"}, {"BlokPublicPolicy", "BlockPublicPolicy"}, {"zzz", ""},
	} {
		if got := nearest(tt.name, names); got != tt.want {
			t.Errorf("nearest(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzCompile holds compiling and evaluating any text to neither panic nor
// disagree between evaluators, within the cost limit.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{`asset.s == 'a'`, `asset.c.all(c, c.b == true)`, `related(asset, 'peer').exists(p, p.b)`, `asset.l[0] in asset.m`,
		`now - timestamp(asset.t) > duration('1h')`, `cel.bind(v, asset.x, v.y)`, `{'a': 1}['a'] + 1 == 2`, `asset.x.map(k, v, k)`, `has(asset.o.p)`, `b'x' == b'y'`, `[1,2].exists_one(x, x > 1)`} {
		f.Add(s)
	}
	types := testTypes(f)
	env, err := New(types)
	if err != nil {
		f.Fatal(err)
	}
	space, _ := env.Space("test/Thing")
	a := &bulwark.Asset{ID: "live:1", Type: "test/Thing", Properties: decode(f, `{"s":"a","l":["a","b"],"c":[{"name":"a","b":true}],"x":{"y":[1]},"m":{"a":"b"}}`, types.Names())}
	f.Fuzz(func(t *testing.T, text string) {
		sc := space.Scope(nil)
		p, problems := sc.Compile(bulwark.Expr{Text: text})
		if (p == nil) != (len(problems) > 0) {
			t.Fatalf("%q: program %v, problems %v", text, p, problems)
		}
		if p == nil {
			return
		}
		var r Run
		r.Reset(space, a, pairWorld{}, time.Unix(0, 0))
		r.Limit = 10_000
		r.Begin(sc, bulwark.Value{})
		got := p.eval(&r)
		if r.Overrun() {
			return
		}
		if want := p.interpret(&r); got.truth() != want.truth() {
			t.Fatalf("%q: closures %v, cel-go %v", text, textOf(got), textOf(want))
		}
	})
}
