package expr

import (
	"github.com/bulwarksec/bulwark"
)

// Read is a property that decided an answer.
type Read struct {
	Value  bulwark.Value // absent when it is not set
	Anchor bulwark.Value // it, or its nearest ancestor that is there
	Rest   string        // path from the anchor, "" when it is the property itself
	Reason string        // why it is unknown, or why a comparison is
}

// Culprit is an element of a list that made a condition fail.
type Culprit struct {
	Element bulwark.Value // zero when it was computed
	Text    string        // of a computed element
	Index   int           // in the list
	Read    *Read         // the property that decided, nil for none
}

// maxReads bounds what one trace keeps.
const maxReads = 512

// tracer collects what decided. Combinators cut away what did not.
type tracer struct {
	reads    []Read
	culprits []Culprit
	partial  bool // beside the culprits stand elements, or whole conditions, that are unknown
	negated  bool
}

type traceMark struct {
	reads, culprits int
	partial         bool
}

func (t *tracer) mark() traceMark { return traceMark{len(t.reads), len(t.culprits), t.partial} }

func (t *tracer) cut(m traceMark) {
	t.reads, t.culprits, t.partial = t.reads[:m.reads], t.culprits[:m.culprits], m.partial
}

func (t *tracer) add(rd Read) {
	if len(t.reads) < maxReads {
		t.reads = append(t.reads, rd)
	}
}

// since copies out what was noted from m on.
func (t *tracer) since(m traceMark) tracer {
	return tracer{reads: append([]Read(nil), t.reads[m.reads:]...), culprits: append([]Culprit(nil), t.culprits[m.culprits:]...), partial: t.partial}
}

func (t *tracer) put(part tracer) {
	t.reads, t.culprits, t.partial = append(t.reads, part.reads...), append(t.culprits, part.culprits...), t.partial || part.partial
}

// explain notes why an answer is unsure when nothing read says so.
func (t *tracer) explain(answer tri, m traceMark, v val) {
	if answer != unsure || t.told(m) {
		return
	}
	if v.class() == cUnknown {
		t.add(Read{Reason: v.reason()})
		return
	}
	t.add(Read{Reason: "a condition is " + v.class().String()})
}

func (t *tracer) explainPair(answer tri, m traceMark, a, b val) {
	if answer != unsure || t.told(m) {
		return
	}
	reason := a.class().String() + " cannot be compared with " + b.class().String()
	for _, v := range []val{a, b} {
		if v.class() == cUnknown {
			t.add(Read{Reason: v.reason()})
			return
		}
	}
	if m.reads < len(t.reads) {
		t.reads[m.reads].Reason = reason
		return
	}
	t.add(Read{Reason: reason})
}

func (t *tracer) told(m traceMark) bool {
	for _, rd := range t.reads[min(m.reads, len(t.reads)):] {
		if rd.Reason != "" {
			return true
		}
	}
	return false
}

// traced is get, noting what was read.
func (l *loader) traced(r *Run) val {
	a := *l.from(r)
	anchor, rest := a.v, ""
	for _, name := range l.names {
		was := a
		a = r.sel(a, name)
		if a.r == nil && was.r == nil && rest == "" && was.v.Kind() == bulwark.Object && was.v.Get(name).Kind() != bulwark.Absent {
			anchor = a.v
			continue
		}
		if rest != "" {
			rest += "."
		}
		rest += name
	}
	switch {
	case l.quiet:
	case a.r == nil:
		rd := Read{Value: a.v, Anchor: anchor, Rest: rest}
		if a.v.Kind() == bulwark.Unknown {
			rd.Reason, rd.Rest = a.v.Reason(), ""
		}
		if len(l.names) > 0 || a.v.Kind() != bulwark.Object && a.v.Kind() != bulwark.List {
			r.tr.add(rd)
		}
	case a.class() == cUnknown:
		r.tr.add(Read{Anchor: anchor, Rest: rest, Reason: a.reason()})
	}
	return a
}

// tracedAnd keeps the operands that decide: the false ones, else the unknown
// ones, else all.
func tracedAnd(list []triFn) triFn { return tracedJoin(list, no, true) }

// tracedOr keeps the first true operand, else the unknown ones, else all.
func tracedOr(list []triFn) triFn { return tracedJoin(list, yes, false) }

func tracedJoin(list []triFn, decides tri, every bool) triFn {
	return func(r *Run) tri {
		t, start := r.tr, r.tr.mark()
		var deciding, unknown, rest tracer
		open := false // an operand is unknown
		answer := decides.not()
		for _, f := range list {
			m := t.mark()
			got := f(r)
			part := t.since(m)
			switch {
			case got == decides:
				answer = decides
				deciding.put(part)
			case got == unsure:
				open = true
				unknown.put(part)
				if answer != decides {
					answer = unsure
				}
			default:
				rest.put(part)
			}
			if got == decides && !every {
				break
			}
			if !r.spend(1) {
				return unsure
			}
		}
		t.cut(start)
		switch answer {
		case decides:
			t.put(deciding)
			t.partial = t.partial || open
		case unsure:
			t.put(unknown)
		default:
			t.put(rest)
		}
		return answer
	}
}

// tracedQuantifier looks at every element. Of a false all, and of a true
// exists under a negation, each element that decides is a culprit; of another
// true exists the first witness is kept.
func tracedQuantifier(isAll bool, each valFn, slot int, f triFn, cost int) triFn {
	return func(r *Run) tri {
		t, start := r.tr, r.tr.mark()
		a := each(r)
		n, ok := rangeLen(a)
		if !ok {
			t.explain(unsure, start, a)
			return unsure
		}
		ranged := t.since(start)
		decides := either(isAll, no, yes)
		culprits := isAll != t.negated
		keys, answer := keysOf(a), decides.not()
		var deciding, unknown, rest tracer
		open := false // an element is unknown
		for i := range n {
			if !r.spend(cost) {
				return unsure
			}
			el := item(a, keys, i)
			r.slots[slot] = el
			m := t.mark()
			got := f(r)
			part := t.since(m)
			t.cut(m)
			switch {
			case got == decides:
				answer = decides
				if culprits {
					part.culprits = []Culprit{culprit(el, i, part.reads)}
				}
				if culprits || len(deciding.reads) == 0 {
					deciding.put(part)
				}
			case got == unsure:
				open = true
				unknown.put(part)
				if answer != decides {
					answer = unsure
				}
			default:
				rest.put(part)
			}
		}
		t.cut(start)
		switch answer {
		case decides:
			t.put(deciding)
			t.partial = t.partial || open
		case unsure:
			t.put(unknown)
		default:
			t.put(ranged)
			t.put(rest)
		}
		return answer
	}
}

func culprit(el val, i int, reads []Read) Culprit {
	c := Culprit{Index: i}
	if el.r == nil {
		c.Element = el.v
	} else {
		c.Text = textOf(el)
	}
	if len(reads) > 0 {
		rd := reads[0]
		c.Read = &rd
	}
	return c
}

// Traced is what decided a condition: the properties read by the branches that
// matter, and the elements at fault. Partial says that beside these stand
// elements or conditions that are unknown, so that more may be at fault.
type Traced struct {
	Reads    []Read
	Culprits []Culprit
	Partial  bool
}

// Trace evaluates a condition again, noting what decides it.
func (p *Program) Trace(r *Run) (Answer, Traced) {
	r.tr = &tracer{}
	defer func() { r.tr = nil }()
	v := p.traced(r)
	out := Traced{r.tr.reads, r.tr.culprits, r.tr.partial}
	switch v.truth() {
	case yes:
		return True, out
	case no:
		return False, out
	}
	if !r.tr.told(traceMark{}) && v.class() == cUnknown {
		out.Reads = append(out.Reads, Read{Reason: v.reason()})
	}
	return Unknown, out
}
