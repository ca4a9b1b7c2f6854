package tf

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// show writes a value on one line: JSON, ~text for symbols, ? and the reason
// for unknowns.
func show(n *Node) string {
	switch n.Kind {
	case Null:
		return "null"
	case Bool:
		return fmt.Sprint(n.Bool)
	case Number:
		return formatNumber(n.Number)
	case String:
		return fmt.Sprintf("%q", n.Text)
	case Symbolic:
		return "~" + n.Text
	case Unknown:
		return "?" + n.Reason
	case List:
		var parts []string
		for _, it := range n.Items {
			parts = append(parts, show(it))
		}
		if n.Open {
			parts = append(parts, "…")
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	var parts []string
	for _, f := range n.Fields {
		parts = append(parts, f.Name+":"+show(f.Value))
	}
	if n.Open {
		parts = append(parts, "…")
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// The expected results are those that Terraform's documentation and console
// give; ? stands for an error or an unknown.
var functionCases = []struct{ expr, want string }{
	// numbers and operators
	{`1 + 2 * 3`, `7`}, {`-(2 - 5)`, `3`}, {`7 % 4`, `3`}, {`-7 % 4`, `-3`}, {`1 / 4`, `0.25`}, {`1 / 0`, `?`}, {`"2" + 1`, `3`}, {`1 / 3 > 0.333`, `true`},
	{`!true || 1 < 2`, `true`}, {`"a" == "a" && "1" != 1`, `true`}, {`[1, 2] == [1, 2]`, `true`}, {`{ a = 1 } == { a = 2 }`, `false`}, {`null == null`, `true`},
	{`abs(-3)`, `3`}, {`ceil(5.1)`, `6`}, {`floor(4.9)`, `4`}, {`log(16, 2)`, `4`}, {`max(12, 54, 3)`, `54`}, {`min([1, 2]...)`, `1`},
	{`parseint("FF", 16)`, `255`}, {`pow(3, 2)`, `9`}, {`signum(-13)`, `-1`}, {`tonumber("1.5")`, `1.5`}, {`tonumber("x")`, `?`}, {`pow(10, 5000)`, `?`},
	// conditions and templates
	{`true ? "a" : "b"`, `"a"`}, {`var.u ? "a" : "a"`, `"a"`}, {`"x${1 + 1}y${true}"`, `"x2ytrue"`}, {`"${null}"`, `null`}, {`"a${null}"`, `~a${unknown: a null stands in a text}`}, {`"%{ if true }yes%{ else }no%{ endif }"`, `"yes"`},
	{`"%{ for x in ["a", "b"] }<${x}>%{ endfor }"`, `"<a><b>"`}, {`"$${not} %%{not}"`, `"${not} %{not}"`},
	{`[for i, x in ["a", "b"] : "${i}${x}"]`, `["0a","1b"]`}, {`{ for k, v in { b = 1, a = 2 } : v => k }`, `{1:"b",2:"a"}`},
	{`{ for x in ["ab", "ac", "b"] : substr(x, 0, 1) => x... }`, `{a:["ab","ac"],b:["b"]}`}, {`[for x in [1, 2, 3] : x if x != 2]`, `[1,3]`},
	{`[{ a = 1 }, { a = 2 }][*].a`, `[1,2]`}, {`{ a = 1 }[*].a`, `[1]`}, {`null[*].a`, `[]`}, {`{ for x in ["a", "a"] : x => 1 }`, `?`},
	{`{ (var.u) = 1, b = 2 }.b`, `2`}, {`[1, 2, 3][1]`, `2`}, {`[1][5]`, `?`}, {`{ a = { b = [10] } }.a.b.0`, `10`},
	// texts
	{`chomp("hello\r\n\n")`, `"hello"`}, {`endswith("hello world", "world")`, `true`}, {`format("%s has %d, %5.2f%%, %q", "x", 3, 2.5, "y")`, `"x has 3,  2.50%, \"y\""`},
	{`format("%v %v", [1, "a"], { b = true })`, `"[1,\"a\"] {\"b\":true}"`}, {`format("%-5s|%05d", "ab", 42)`, `"ab   |00042"`}, {`format("%d", "x")`, `?`},
	{`formatlist("Hello, %s!", ["A", "B"])`, `["Hello, A!","Hello, B!"]`}, {`formatlist("%s-%s", "x", ["a", "b"])`, `["x-a","x-b"]`}, {`indent(2, "a\nb")`, `"a\n  b"`},
	{`join("-", ["a", 1, true])`, `"a-1-true"`}, {`lower("HÉ")`, `"hé"`}, {`upper("hé")`, `"HÉ"`}, {`title("hello world")`, `"Hello World"`},
	{`regex("[a-z]+", "53453453.345345aaabbbccc23454")`, `"aaabbbccc"`}, {`regex("(\\d+)-(?:x)", "12-x")`, `["12"]`}, {`regex("(?P<y>\\d\\d)-(?P<m>\\d)", "12-3")`, `{m:"3",y:"12"}`},
	{`regexall("[a-z]", "a1b")`, `["a","b"]`}, {`can(regex("^x", "y"))`, `false`}, {`replace("1 + 2 + 3", "+", "-")`, `"1 - 2 - 3"`}, {`replace("hello world", "/w.*d/", "everybody")`, `"hello everybody"`},
	{`replace("ab", "/(a)(b)/", "$2$1")`, `"ba"`}, {`split(",", "foo,bar")`, `["foo","bar"]`}, {`split(",", "")`, `[""]`}, {`startswith("hello", "he")`, `true`},
	{`strcontains("hello", "ll")`, `true`}, {`strrev("hé")`, `"éh"`}, {`substr("hello world", 1, 4)`, `"ello"`}, {`substr("hello", -2, -1)`, `"lo"`},
	{`trim("?!hello?!", "!?")`, `"hello"`}, {`trimprefix("helloworld", "hello")`, `"world"`}, {`trimsuffix("helloworld", "world")`, `"hello"`}, {`trimspace("  a\n")`, `"a"`}, {`tostring(1.50)`, `"1.5"`}, {`tostring([])`, `?`},
	// collections
	{`alltrue(["true", true])`, `true`}, {`alltrue([])`, `true`}, {`anytrue([])`, `false`}, {`anytrue([false, true])`, `true`}, {`chunklist(["a", "b", "c"], 2)`, `[["a","b"],["c"]]`},
	{`coalesce("", null, "b")`, `"b"`}, {`coalesce(1, "a")`, `"1"`}, {`coalescelist([], ["c"])`, `["c"]`}, {`compact(["a", "", null, "b"])`, `["a","b"]`}, {`concat(["a"], ["b", "c"])`, `["a","b","c"]`},
	{`contains(["a", "b"], "b")`, `true`}, {`distinct(["a", "b", "a"])`, `["a","b"]`}, {`element(["a", "b", "c"], 4)`, `"b"`}, {`element(["a", "b"], -1)`, `"b"`}, {`element([], 0)`, `?`}, {`flatten([["a", "b"], [], ["c", ["d"]]])`, `["a","b","c","d"]`},
	{`index(["a", "b"], "b")`, `1`}, {`index([], "b")`, `?`}, {`keys({ b = 1, a = 2 })`, `["a","b"]`}, {`values({ b = 1, a = 2 })`, `[2,1]`}, {`length("😀é")`, `2`}, {`length({ a = 1 })`, `1`},
	{`lookup({ a = "ay" }, "a", "z")`, `"ay"`}, {`lookup({ a = "ay" }, "c", "z")`, `"z"`}, {`lookup({ a = "ay" }, "c")`, `?`}, {`matchkeys(["i-1", "i-2"], ["a", "b"], ["b"])`, `["i-2"]`},
	{`merge({ a = 1, b = 2 }, null, { b = 3 })`, `{a:1,b:3}`}, {`merge()`, `{}`}, {`one([])`, `null`}, {`one(["a"])`, `"a"`}, {`one([1, 2])`, `?`}, {`range(3)`, `[0,1,2]`}, {`range(1, 8, 3)`, `[1,4,7]`}, {`reverse([1, 2])`, `[2,1]`},
	{`setintersection(["a", "b"], ["b", "c"])`, `["b"]`}, {`setproduct(["a", "b"], [1])`, `[["a",1],["b",1]]`}, {`setsubtract(["a", "b", "c"], ["a"])`, `["b","c"]`}, {`setunion(["b", "a"], ["b"])`, `["a","b"]`},
	{`slice(["a", "b", "c"], 1, 3)`, `["b","c"]`}, {`slice(["a"], 1, 3)`, `?`}, {`sort(["e", "d", "a"])`, `["a","d","e"]`}, {`sum([10, 13.5])`, `23.5`}, {`transpose({ a = ["1", "2"], b = ["2"] })`, `{1:["a"],2:["a","b"]}`},
	{`zipmap(["b", "a"], [1, 2])`, `{a:2,b:1}`}, {`toset(["c", "b", "b"])`, `["b","c"]`}, {`tolist(["a", 1])`, `["a","1"]`}, {`tomap({ a = 1, b = "x" })`, `{a:"1",b:"x"}`}, {`tobool("true")`, `true`}, {`toset([3, 10, 3])`, `[3,10]`},
	{`sensitive("a")`, `"a"`}, {`nonsensitive(sensitive("a"))`, `"a"`},
	// encodings
	{`base64encode("Hello World")`, `"SGVsbG8gV29ybGQ="`}, {`base64decode("SGVsbG8gV29ybGQ=")`, `"Hello World"`}, {`csvdecode("a,b\n1,2")`, `[{a:"1",b:"2"}]`},
	{`jsondecode("{\"hello\": [1, null]}")`, `{hello:[1,null]}`}, {`jsonencode({ b = "<&>\n", a = [1, true, null] })`, `"{\"a\":[1,true,null],\"b\":\"\\u003c\\u0026\\u003e\\n\"}"`}, {`jsondecode("{")`, `?`},
	{`yamldecode("a: 1\nb: [x, true, null, 1.5]\nc: &r {d: e}\nf: *r")`, `{a:1,b:["x",true,null,1.5],c:{d:"e"},f:{d:"e"}}`},
	{`yamlencode({ foo = [1, { a = "b", c = "d" }, 3], bar = "baz" })`, `"\"bar\": \"baz\"\n\"foo\":\n- 1\n- \"a\": \"b\"\n  \"c\": \"d\"\n- 3\n"`},
	{`urlencode("Hello World!")`, `"Hello+World%21"`}, {`textencodebase64("Hello", "UTF-16LE")`, `"SABlAGwAbABvAA=="`}, {`textdecodebase64("SABlAGwAbABvAA==", "UTF-16LE")`, `"Hello"`},
	{`md5("hello world")`, `"5eb63bbbe01eeed093cb22bb8f5acdc3"`}, {`sha1("hello world")`, `"2aae6c35c94fcfb415dbe95f408b9ce91ee846ed"`},
	{`sha256("hello world")`, `"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"`}, {`base64sha256("hello world")`, `"uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="`},
	{`uuidv5("dns", "www.terraform.io")`, `"a5008fae-b28c-5ba5-96cd-82b4c53552d6"`},
	// networks
	{`cidrhost("10.12.112.0/20", 16)`, `"10.12.112.16"`}, {`cidrhost("10.12.112.0/20", 268)`, `"10.12.113.12"`}, {`cidrhost("fd00:fd12:3456:7890:00a2::/72", 34)`, `"fd00:fd12:3456:7890::22"`}, {`cidrhost("10.0.0.0/24", -2)`, `"10.0.0.254"`},
	{`cidrnetmask("172.16.0.0/12")`, `"255.240.0.0"`}, {`cidrsubnet("172.16.0.0/12", 4, 2)`, `"172.18.0.0/16"`}, {`cidrsubnet("10.1.2.0/24", 4, 15)`, `"10.1.2.240/28"`}, {`cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)`, `"fd00:fd12:3456:7800:a200::/72"`},
	{`cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)`, `["10.1.0.0/20","10.1.16.0/20","10.1.32.0/24","10.1.48.0/20"]`}, {`cidrsubnet("10.0.0.0/24", 4, 16)`, `?`}, {`cidrsubnet("nope", 4, 1)`, `?`},
	// time
	{`formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z")`, `"02 Jan 2018 23:12 UTC"`}, {`timeadd("2017-11-22T00:00:00Z", "10m")`, `"2017-11-22T00:10:00Z"`}, {`timecmp("2017-11-22T00:00:00Z", "2017-11-22T01:00:00Z")`, `-1`},
	{`timestamp()`, `?`}, {`uuid()`, `?`}, {`bcrypt("x")`, `?`},
	// files
	{`file("${path.module}/hello.txt")`, `"Hello\n"`}, {`fileexists("hello.txt")`, `true`}, {`fileexists("no")`, `false`}, {`file("no")`, `?`}, {`try(file("no"), "none")`, `"none"`}, {`fileset(".", "d/**/*.{txt,md}")`, `["d/a.txt","d/e/b.md"]`},
	{`fileset("d", "*")`, `["a.txt"]`}, {`filemd5("hello.txt")`, `"09f7e02f1290be211da707a266f153b3"`}, {`filebase64("hello.txt")`, `"SGVsbG8K"`}, {`basename("a/b.txt")`, `"b.txt"`}, {`dirname("a/b.txt")`, `"a"`},
	{`templatefile("t.tpl", { name = "x", l = [1, 2] })`, `"Hi x: 1 2 \n"`}, {`try(templatefile("t.tpl", {}), "x")`, `"x"`}, {`path.module`, `"."`}, {`file("${abspath(path.module)}/hello.txt")`, `"Hello\n"`}, {`abspath("x")`, `~${path.cwd}/x`}, {`file("../x")`, `?`},
	// errors and what is not an error
	{`try(null.a, "x")`, `"x"`}, {`try(var.u.a, "x")`, `~${var.u.a}`}, {`can(var.u.a.b)`, `true`}, {`can({ a = 1 }.b)`, `false`}, {`try([{ a = {}.b }][0].a, "x")`, `"x"`}, {`try("x-${{}.b}", "y")`, `"y"`}, {`nosuch("a")`, `?`}, {`provider::aws::arn_parse("x")`, `?`},
	// symbols
	{`upper(var.u)`, `~${upper("${var.u}")}`}, {`var.u == "x"`, `?`}, {`var.u == null`, `false`}, {`var.u == ""`, `false`}, {`var.u != var.u`, `false`}, {`"a-${var.u}" == "b"`, `false`}, {`"a-${var.u}" == "a-${var.u}"`, `true`},
	{`coalesce(var.u, "x")`, `~${var.u}`}, {`join("/", [var.u, "x"])`, `~${var.u}/x`}, {`format("%s!", var.u)`, `~${var.u}!`}, {`format("%d", var.u)`, `~${format("%d", "${var.u}")}`}, {`jsonencode({ a = var.u })`, `~{"a":"${var.u}"}`},
	{`jsondecode(jsonencode({ a = var.u })).a`, `~${var.u}`}, {`contains(["a", var.u], "a")`, `true`}, {`contains(["a"], var.u)`, `?`}, {`concat(["a"], var.u)`, `["a",~${var.u[*]},…]`}, {`length(var.u)`, `?`},
	{`[for x in var.u : x.y]`, `[~${var.u[*].y},…]`}, {`var.u[*].y`, `[~${var.u[*].y},…]`}, {`var.u["k"].y`, `~${var.u["k"].y}`}, {`lookup({ a = 1 }, var.u, 2)`, `?`}, {`split(",", var.u)`, `~${split(",", "${var.u}")}`}, {`split("/", var.u)[2]`, `~${split("/", "${var.u}")[2]}`}, {`length(split("/", var.u))`, `?`}, {`split("/", timestamp())`, `?`}, {`setsubtract(["a"], [timestamp()])`, `?`}, {`replace("a-X", "X", var.u)`, `~a-${var.u}`},
	{`substr("abc-${var.u}", 0, 3)`, `"abc"`}, {`trimprefix("arn:${var.u}", "arn:")`, `~${var.u}`}, {`endswith("x-${var.u}-y", "-y")`, `true`}, {`startswith("x${var.u}", "y")`, `false`}, {`element([1, 2], var.u)`, `?`}, {`sort([var.u, "a"])[0]`, `?`},
	{`var.u && false`, `false`}, {`var.u || true`, `true`}, {`var.u || false`, `?`}, {`!var.u`, `?`}, {`var.u ? { a = 1 } : { a = 1, b = 2 }`, `?`}, {`(var.u ? { a = 1 } : { a = 1, b = 2 }).a`, `1`}, {`(var.u ? { a = 1 } : {})["a"]`, `?`},
	{`md5("a${var.u}") == md5("a${var.u}")`, `true`}, {`timestamp() == timestamp()`, `?`}, {`"\ue000\ue001"`, "\"\ufffd\ufffd\""}, {`merge({ a = 1 }, var.u, { b = 2 })`, `{a:?it may be overridden: ${var.u},b:2,…}`}, {`merge({ a = 1 }, var.u).a`, `?`},
	{`merge({ a = 1, c = 3 }, var.u ? { a = 2 } : {}).c`, `3`}, {`toset([var.u, var.u])`, `[~${var.u}]`}, {`data.aws_caller_identity.x.account_id`, `~${data.aws_caller_identity.x.account_id}`}, {`terraform.workspace`, `~${terraform.workspace}`}, {`base64encode(var.u)`, `~${base64encode("${var.u}")}`},
	{`slice(var.u, 0, 2)`, `[~${var.u[0]},~${var.u[1]}]`}, {`lookup({}, var.u, "d")`, `"d"`}, {`toset(var.u)`, `[~${var.u[*]},…]`}, {`[for k, v in toset(var.u) : k == v]`, `[true,…]`}, {`flatten([["a"], var.u])`, `["a",~${var.u}]`}, {`keys(var.u)`, `~${keys("${var.u}")}`}, {`tolist(var.u)`, `~${var.u}`}, {`tonumber(var.u)`, `?`}, {`cidrsubnet(var.u, 8, 1)`, `~${cidrsubnet("${var.u}", 8, 1)}`}, {`"a${{}.x}b"`, `~a${unknown: there is no attribute x}b`},
}

func TestFunctions(t *testing.T) {
	var b strings.Builder
	b.WriteString("variable \"u\" {}\nresource \"t\" \"t\" {\n")
	for i, c := range functionCases {
		fmt.Fprintf(&b, "  v%d = %s\n", i, c.expr)
	}
	b.WriteString("}\n")
	fsys := fstest.MapFS{
		"main.tf":   {Data: []byte(b.String())},
		"hello.txt": {Data: []byte("Hello\n")},
		"d/a.txt":   {Data: []byte("a")}, "d/e/b.md": {Data: []byte("b")}, "d/e/c.go": {Data: []byte("c")},
		"t.tpl": {Data: []byte("Hi ${name}: %{ for x in l }${x} %{ endfor }\n")},
	}
	res, err := Evaluate(context.Background(), fsys, ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range res.Gaps {
		t.Errorf("gap: %s: %s", g.Where, g.Why)
	}
	for i, c := range functionCases {
		n := res.Resources[0].Body.Get(fmt.Sprintf("v%d", i))
		if n == nil {
			t.Errorf("%s: no value", c.expr)
			continue
		}
		got := show(n)
		if c.want == "?" && strings.HasPrefix(got, "?") || c.want == "?" && strings.HasPrefix(got, "~${unknown: ") {
			continue
		}
		if got != c.want {
			t.Errorf("%s = %s, want %s", c.expr, got, c.want)
		}
	}
}

// TestFunctionList holds the functions of Terraform's language against ours.
func TestFunctionList(t *testing.T) {
	have := map[string]bool{}
	for _, n := range FunctionNames() {
		have[n] = true
	}
	all := `abs abspath alltrue anytrue base64decode base64encode base64gzip base64sha256 base64sha512 basename bcrypt can ceil
		chomp chunklist cidrhost cidrnetmask cidrsubnet cidrsubnets coalesce coalescelist compact concat contains csvdecode dirname distinct
		element endswith ephemeralasnull file filebase64 filebase64sha256 filebase64sha512 fileexists filemd5 fileset filesha1 filesha256
		filesha512 flatten floor format formatdate formatlist indent index issensitive join jsondecode jsonencode keys length log lookup
		lower matchkeys max md5 merge min nonsensitive one parseint pathexpand plantimestamp pow range regex regexall replace reverse
		rsadecrypt sensitive setintersection setproduct setsubtract setunion sha1 sha256 sha512 signum slice sort split startswith
		strcontains strrev substr sum templatefile templatestring textdecodebase64 textencodebase64 timeadd timecmp timestamp title tobool
		tolist tomap tonumber toset tostring transpose trim trimprefix trimspace trimsuffix try upper urlencode uuid uuidv5 values yamldecode
		yamlencode zipmap`
	for _, n := range strings.Fields(all) {
		if !have[n] {
			t.Errorf("the function %s is missing", n)
		}
	}
}
