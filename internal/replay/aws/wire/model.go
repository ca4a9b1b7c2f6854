package wire

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed model.txt
var modelText string

// Protocols, as model.txt names them.
const (
	awsQuery = "awsquery" // form → XML in OpResult
	ec2Query = "ec2query" // form → XML
	restXML  = "restxml"
	restJSON = "restjson"
	json10   = "json10" // X-Amz-Target, application/x-amz-json-1.0
	json11   = "json11"
	rpcCBOR  = "cbor" // Smithy RPC v2
)

// A Service is one AWS service as its client speaks to it.
type Service struct {
	Name     string // the SDK's package, such as elasticloadbalancingv2
	Protocol string
	Signing  string        // its name in a signature's scope
	target   string        // X-Amz-Target's or CBOR path's service, or a query's version
	schemas  bool          // the client's types carry schemas
	compat   bool          // errors also carry the code of its former query protocol
	lower    map[bool]bool // input? → members' names begin in lower case on the wire
	facts    map[bool]map[string]map[string]fact
	ops      map[string]*Operation
	routes   []*Operation // of REST, in order of name
}

// An Operation is one call of a service.
type Operation struct {
	Service     *Service
	Name        string
	method, uri string // of REST protocols
}

// A fact says how one member is on the wire.
type fact struct {
	wire       string
	in         string   // "" is the body; header, prefix, query, params, label, payload, attr, status
	time       string   // date-time, epoch-seconds, http-date; "" is the protocol's own
	flat       bool     // XML: items stand beside each other, without a list around them
	item       []string // XML: what the items of a list, and of a list in it, are called
	key, value string   // XML: what a map's keys and values are called
}

// Services returns what is served, by the SDK's package name.
var Services = sync.OnceValue(func() map[string]*Service {
	m, err := parseModel(modelText)
	if err != nil {
		panic(err) // the file is the program's own; tests read it
	}
	return m
})

func parseModel(text string) (map[string]*Service, error) {
	out := map[string]*Service{}
	var s *Service
	var members map[string]fact
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(line, "#"):
		case words[0] == "service" && len(words) >= 5:
			s = newService(words)
			out[s.Name] = s
		case s == nil:
			return nil, fmt.Errorf("wire: model.txt:%d: no service", i+1)
		case strings.HasPrefix(line, " ") && members != nil && len(words) >= 2:
			members[words[0]] = parseFact(words)
		case words[0] == "op" && len(words) == 2:
			s.ops[words[1]] = &Operation{Service: s, Name: words[1]}
		case words[0] == "op" && len(words) == 4:
			op := &Operation{Service: s, Name: words[1], method: words[2], uri: words[3]}
			s.ops[op.Name] = op
			s.routes = append(s.routes, op)
		case (words[0] == "input" || words[0] == "type") && len(words) == 2:
			members = map[string]fact{}
			s.facts[words[0] == "input"][words[1]] = members
		default:
			return nil, fmt.Errorf("wire: model.txt:%d: cannot read %q", i+1, line)
		}
	}
	return out, nil
}

func newService(words []string) *Service {
	flags := words[5:]
	return &Service{
		Name: words[1], Protocol: words[2], Signing: words[3], target: words[4],
		schemas: slices.Contains(flags, "schemas"), compat: slices.Contains(flags, "compat"),
		lower: map[bool]bool{true: slices.Contains(flags, "lowerin"), false: slices.Contains(flags, "lowerout")},
		facts: map[bool]map[string]map[string]fact{true: {}, false: {}},
		ops:   map[string]*Operation{},
	}
}

func parseFact(words []string) fact {
	f := fact{wire: words[1]}
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "in":
			f.in = value
		case "time":
			f.time = value
		case "flat":
			f.flat = true
		case "item":
			f.item = strings.Split(value, "/")
		case "key":
			f.key = value
		case "value":
			f.value = value
		}
	}
	return f
}

// Operation returns a served operation, or nil.
func (s *Service) Operation(name string) *Operation { return s.ops[name] }

func (s *Service) json() bool {
	return s.Protocol == json10 || s.Protocol == json11 || s.Protocol == restJSON
}
