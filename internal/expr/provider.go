package expr

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// provider tells the checker the types of members. It answers for the scope
// that is being compiled, under the environment's lock.
type provider struct {
	*types.Registry
	env    *Env
	scope  *Scope
	nodes  map[string]*node
	shapes map[string]string
	missed []missedField
}

func newProvider(e *Env) (*provider, error) {
	reg, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	return &provider{Registry: reg, env: e, nodes: map[string]*node{}, shapes: map[string]string{}}, nil
}

// register names an object type. Elements of one shape share a name, so that
// lists of them may be joined.
func (p *provider) register(n *node) string {
	var b strings.Builder
	n.shape(&b)
	shape := b.String()
	if n.asset != nil {
		shape = "asset " + n.asset.ID
	}
	if name, ok := p.shapes[shape]; ok {
		return name
	}
	name := fmt.Sprintf("T:%s#%d", n.path, len(p.shapes))
	if n.asset != nil {
		name = "T:" + n.asset.ID
	}
	p.shapes[shape], p.nodes[name] = name, n
	return name
}

func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if name == varsName || p.nodes[name] != nil {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return nil, false
}

func (p *provider) FindIdent(string) (ref.Val, bool) { return nil, false }

func (p *provider) FindStructFieldNames(string) ([]string, bool) { return nil, false }

func (p *provider) FindStructFieldType(structType, field string) (*types.FieldType, bool) {
	t, ok := p.fieldType(structType, field)
	if !ok {
		p.missed = append(p.missed, missedField{p.nodes[structType], structType == varsName, field})
		return nil, false
	}
	sc := p.scope
	return &types.FieldType{Type: t, IsSet: func(any) bool { return true }, GetFrom: func(obj any) (any, error) {
		switch x := obj.(type) {
		case *varsVal:
			return x.run.toRef(x.run.lookup(sc, field)), nil
		case *mapVal:
			return x.run.toRef(x.run.member(x.val, field)), nil
		case *absentVal:
			return x.run.toRef(x.run.member(x.val, field)), nil
		}
		return nil, fmt.Errorf(".%s of %T", field, obj)
	}}, true
}

func (p *provider) fieldType(structType, field string) (*types.Type, bool) {
	if structType == varsName {
		return p.scope.varType(field)
	}
	n := p.nodes[structType]
	if n == nil {
		return nil, false
	}
	if strings.HasPrefix(field, "@") {
		if n.asset == nil {
			return nil, false
		}
		rel, ok := strings.CutPrefix(field, relField)
		if !ok {
			return types.DynType, true
		}
		to := p.env.relationType(n.asset.ID, rel)
		if root := p.env.nodes(to)[0]; root != nil {
			return types.NewListType(root.celType(p.register, false)), true
		}
		return types.NewListType(types.DynType), true
	}
	c := n.fields[field]
	if c == nil {
		return nil, false
	}
	return c.celType(p.register, true), true
}
