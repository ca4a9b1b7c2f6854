package helm

import (
	"context"
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/kube"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

const maxObjects = 5_000 // of one chart

// objects collects the assets of one chart.
type objects struct {
	ctx    context.Context
	opts   Options
	root   string
	assets []*bulwark.Asset
	gaps   []bulwark.Gap
	files  map[string][]byte
	full   bool
}

func (o *objects) kube() kube.Options {
	return kube.Options{RepositoryID: o.opts.RepositoryID, Root: o.root, Types: o.opts.Types, SecretKey: o.opts.SecretKey}
}

func (o *objects) names() *bulwark.Names {
	if o.opts.Types == nil {
		return nil
	}
	return o.opts.Types.Names()
}

func (o *objects) gap(what string, pos bulwark.Position, why, needs string) {
	o.gaps = append(o.gaps, bulwark.Gap{What: what, Where: pos.String(), Why: why, Needs: needs, Position: pos})
}

// plain adds the objects of a file that is no template.
func (o *objects) plain(data []byte, file string) {
	assets, gaps := kube.ParseBytes(o.ctx, data, file, o.kube())
	o.assets = append(o.assets, assets...)
	o.gaps = append(o.gaps, gaps...)
}

// document is one part of a template's output; start is the number of its
// first line, from 0.
type document struct {
	text  string
	start int
	lines []line
}

// rendered adds the objects of a template's output, in which the marks still
// are.
func (o *objects) rendered(r *renderer, output string, s source) {
	text, lines := r.marks.clean(output, s.file)
	for _, d := range documents(text, lines) {
		if !kube.IsManifest([]byte(d.text)) {
			continue
		}
		o.files[s.file] = []byte(s.text)
		values, err := yamldoc.Decode([]byte(d.text), yamldoc.Options{Names: o.names(), Limits: bulwark.Limits{Bytes: maxText, Depth: 256, Nodes: 1 << 20}, File: s.file, Line: d.start})
		if err != nil {
			o.gap(GapTemplate, d.position(s.file), "what the template writes is no sound YAML: "+message(err), "")
		}
		for _, v := range values {
			o.object(r, v, d, s)
		}
	}
}

// message is an error of YAML without the line of the output that it names.
func message(err error) string {
	text := strings.TrimPrefix(oneLine(err.Error()), "invalid: yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if _, what, ok := strings.Cut(rest, ": "); ok {
			return what
		}
	}
	return text
}

func (o *objects) object(r *renderer, v bulwark.Value, d document, s source) {
	if v.Kind() != bulwark.Object || isTest(v) || o.full {
		return
	}
	p := placer{r: r, lines: d.lines, b: bulwark.NewBuilder(o.names(), bulwark.Limits{})}
	pos := d.position(s.file)
	p.b.At(pos)
	p.content(v, "", 0)
	placed, err := p.b.Build("")
	if err != nil {
		o.gap(GapTemplate, pos, err.Error(), "")
		return
	}
	assets, gaps := kube.ParseValue(placed, s.file, o.kube())
	for i := range gaps {
		gaps[i].Position, gaps[i].Where = pos, pos.String()
	}
	o.gaps = append(o.gaps, gaps...)
	for _, reason := range p.unknown {
		o.gap(GapValues, pos, reason, "give values with --helm-values")
	}
	if len(o.assets)+len(assets) > maxObjects {
		o.full = true
		o.gap(GapChart, pos, fmt.Sprintf("more than %d objects; the rest is left out", maxObjects), "")
		return
	}
	o.assets = append(o.assets, assets...)
}

// isTest reports whether an object is installed to test a release and at no
// other time.
func isTest(v bulwark.Value) bool {
	for hook := range strings.SplitSeq(v.At("metadata", "annotations", "helm.sh/hook").Text(), ",") {
		if hook = strings.TrimSpace(hook); !strings.HasPrefix(hook, "test") {
			return false
		}
	}
	return true
}

// documents cuts a template's output at the lines that begin a document.
func documents(text string, lines []line) []document {
	var out []document
	var b strings.Builder
	start, n := 0, 0
	end := func() {
		if b.Len() > 0 {
			out = append(out, document{b.String(), start, lines})
		}
		b.Reset()
		start = n
	}
	for l := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(l, "---"); ok && (rest == "" || strings.ContainsAny(rest[:1], " \t\r\n")) {
			end()
		}
		b.WriteString(l)
		n++
	}
	end()
	return out
}

// position returns the lines of a template that wrote a document: from the
// first to the last of its own marks, without the comments above.
func (d document) position(file string) bulwark.Position {
	pos := bulwark.Position{File: file}
	n := d.start
	for l := range strings.Lines(d.text) {
		text := strings.TrimSpace(l)
		if own := d.lines[n].own; own > 0 && text != "" && (pos.Line > 0 || text[0] != '#' && !strings.HasPrefix(text, "---")) {
			if pos.Line == 0 {
				pos.Line = own
			}
			pos.Line, pos.EndLine = min(pos.Line, own), max(pos.EndLine, own)
		}
		n++
	}
	if pos.Line == 0 {
		pos.Line, pos.EndLine = 1, 1
	}
	return pos
}

// placer copies an object with the places of the templates that wrote it, and
// with unknown values for what is not known before the chart is installed.
type placer struct {
	r       *renderer
	lines   []line
	b       *bulwark.Builder
	unknown []string
}

// value adds v, the member or an element of the member called key.
func (p *placer) value(v bulwark.Value, key string, depth int) {
	p.b.At(p.position(v.Position()))
	p.content(v, key, depth)
}

// inNamespace are the kinds that make pods. One without a namespace is
// installed into the release's.
var inNamespace = map[string]bool{"Pod": true, "Deployment": true, "StatefulSet": true, "DaemonSet": true, "ReplicaSet": true, "Job": true, "CronJob": true}

// metadata adds an object's metadata. The namespace of the release is not known
// before the chart is installed, whether an object names it or leaves it out.
func (p *placer) metadata(v bulwark.Value, named bool) {
	p.b.At(p.position(v.Position()))
	p.b.Object()
	for name, child := range v.Children() {
		p.key(name)
		p.value(child, name, 2)
	}
	if named && v.Get("namespace").IsAbsent() {
		p.b.At(p.position(v.Position()))
		p.b.Key("namespace")
		p.b.Unknown(namespaceReason)
	}
	p.b.End()
}

func (p *placer) key(name string) {
	p.b.Key(strings.ReplaceAll(name, namespaceMark, releaseNamespace))
}

// content adds v without its place. depth is how far it is from the top.
func (p *placer) content(v bulwark.Value, key string, depth int) {
	switch v.Kind() {
	case bulwark.Object:
		p.b.Object()
		for name, child := range v.Children() {
			p.key(name)
			if depth == 0 && name == "metadata" && child.Kind() == bulwark.Object {
				p.metadata(child, inNamespace[v.Get("kind").Text()])
				continue
			}
			p.value(child, name, depth+1)
		}
		p.b.End()
	case bulwark.List:
		p.b.List()
		for _, child := range v.Children() {
			p.value(child, key, depth+1)
		}
		p.b.End()
	case bulwark.String:
		text := v.Text()
		if text == namespaceMark && !strings.HasSuffix(strings.ToLower(key), "name") {
			p.b.Unknown(namespaceReason)
			return
		}
		text = strings.ReplaceAll(text, namespaceMark, releaseNamespace)
		reason, ok := p.r.reason(text)
		if !ok {
			p.b.String(text)
			return
		}
		p.b.Unknown(reason)
		if strings.HasPrefix(reason, "the chart requires") {
			p.unknown = append(p.unknown, reason)
		}
	case bulwark.Bool:
		p.b.Bool(v.Bool())
	case bulwark.Int:
		p.b.Int(v.Int())
	case bulwark.Float:
		p.b.Float(v.Float())
	default:
		p.b.Null()
	}
}

// position turns lines of the output into those of the template that wrote
// them. The end is the last line of the same file.
func (p *placer) position(at bulwark.Position) bulwark.Position {
	first := min(max(at.Line-1, 0), len(p.lines)-1)
	start := p.lines[first].pos
	pos := bulwark.Position{File: start.file, Line: start.line, EndLine: start.line}
	for n := first + 1; n < min(at.EndLine, len(p.lines)); n++ {
		if l := p.lines[n].pos; l.file == pos.File {
			pos.EndLine = max(pos.EndLine, l.line)
		}
	}
	return pos
}
