package aws

import (
	"context"
	"fmt"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay/aws/wire"
)

// A Call is one request of a caller that is known.
type Call struct {
	Principal
	Service   *wire.Service
	Operation string
	Region    string // that the request is signed for

	ctx    context.Context
	server *Server
}

// World returns what the call may read; it stands still until the answer is
// written.
func (c *Call) World() *World { return c.server.world }

// Now returns the server's time.
func (c *Call) Now() time.Time { return c.server.now() }

// Place returns where the call's service keeps its things.
func (c *Call) Place() Place {
	p := Place{Account: c.Account, Region: c.Region}
	if global[c.Service.Name] {
		p.Region = ""
	}
	return p
}

// global are the services whose things are an account's as a whole; S3 has
// buckets in regions, but lists them together.
var global = map[string]bool{"account": true, "cloudfront": true, "iam": true, "organizations": true, "route53": true, "s3": true, "s3control": true, "sts": true}

// A handler serves an operation.
type handler struct {
	service, operation string
	in                 reflect.Type // a struct
	out                reflect.Type // a struct
	call               func(*Call, any) (any, error)
}

func (h *handler) name() string { return h.service + "." + h.operation }

var registered []*handler

// handle registers an operation, known by the SDK's type of its input, such as
// sqs.ListQueuesInput.
func handle[I, O any](f func(c *Call, in *I) (*O, error)) *handler {
	t := reflect.TypeFor[I]()
	operation, ok := strings.CutSuffix(t.Name(), "Input")
	if !ok || reflect.TypeFor[O]().Name() != operation+"Output" {
		panic(fmt.Sprintf("aws: %s and %s are no operation's input and output", t, reflect.TypeFor[O]()))
	}
	h := &handler{
		service: path.Base(t.PkgPath()), operation: operation, in: t, out: reflect.TypeFor[O](),
		call: func(c *Call, in any) (any, error) {
			out, err := f(c, in.(*I))
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
	registered = append(registered, h)
	return h
}

var byName map[string]*handler

// handlers returns the handlers by service and operation.
func handlers() map[string]*handler { return byName }

func init() { // after the handlers' variables: the one place that sees them all
	byName = map[string]*handler{}
	for _, h := range registered {
		if byName[h.name()] != nil {
			panic("aws: " + h.name() + " is served twice")
		}
		byName[h.name()] = h
	}
}
