package iac

import "github.com/bulwarksec/bulwark/internal/scan/iac/tf"

// condition evaluates a condition by name; nil is not known.
func (t *cfnTemplate) condition(name string) *bool {
	if v, ok := t.conditions[name]; ok || t.busy[name] {
		return v
	}
	t.busy[name] = true
	defer delete(t.busy, name)
	var v *bool
	if n := t.root.At("Conditions", name); n != nil {
		v = t.truth(n, 0)
	}
	t.conditions[name] = v
	return v
}

func (t *cfnTemplate) truth(n *tf.Node, depth int) *bool {
	if depth > 32 || n.Kind != tf.Object || len(n.Fields) != 1 {
		return nil
	}
	yes, no := true, false
	name, arg := n.Fields[0].Name, n.Fields[0].Value
	switch name {
	case "Condition":
		return t.condition(scalarText(arg))
	case "Fn::Not":
		if len(arg.Items) == 1 {
			if v := t.truth(arg.Items[0], depth+1); v != nil {
				v := !*v
				return &v
			}
		}
	case "Fn::And", "Fn::Or":
		decides := name == "Fn::Or"
		known := true
		for _, item := range arg.Items {
			v := t.truth(item, depth+1)
			if v == nil {
				known = false
			} else if *v == decides {
				return v
			}
		}
		if known {
			v := !decides
			return &v
		}
	case "Fn::Equals":
		v := t.eval(arg, depth+1)
		if len(v.Items) == 2 {
			a, b := v.Items[0], v.Items[1]
			if s := a.Symbol(); s != nil && b.Symbol() != nil && *s == *b.Symbol() {
				return &yes
			}
			if a.Kind != tf.Unknown && a.Kind != tf.Symbolic && b.Kind != tf.Unknown && b.Kind != tf.Symbolic {
				if scalarText(a) == scalarText(b) {
					return &yes
				}
				return &no
			}
		}
	}
	return nil
}
