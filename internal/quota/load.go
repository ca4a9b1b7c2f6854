package quota

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

//go:embed quotas.yaml
var quotas []byte

const fallback = "default"

type entry struct {
	Limit
	perScope bool
}

// table has each provider's services' actions.
var table = sync.OnceValue(func() map[string]map[string]map[string]entry {
	t, err := parse(quotas)
	if err != nil {
		panic(err) // the file is the program's own; a test reads it
	}
	return t
})

// For returns a call's limit and the key of the bucket that it shares.
func For(k Key) (Limit, Key) {
	services := table()[k.Provider]
	service, action := k.Service, k.Action
	actions := services[service]
	e, ok := actions[action]
	if !ok {
		action = ""
		if e, ok = actions[fallback]; !ok {
			e = services[fallback][fallback]
		}
	}
	shared := Key{Provider: k.Provider, Scope: k.Scope, Region: k.Region, Service: service, Action: action}
	if e.perScope {
		shared.Region = ""
	}
	if e.Rate == 0 {
		e.Limit = Limit{Rate: 5, Burst: 5, Assumed: true, Source: "no quota is known"}
	}
	return e.Limit, shared
}

func parse(data []byte) (map[string]map[string]map[string]entry, error) {
	docs, err := yamldoc.Decode(data, yamldoc.Options{File: "quotas.yaml"})
	if err != nil {
		return nil, fmt.Errorf("quota: %w", err)
	}
	if len(docs) != 1 {
		return nil, fmt.Errorf("quota: quotas.yaml: %w: %d documents, want one", bulwark.ErrInvalid, len(docs))
	}
	out := map[string]map[string]map[string]entry{}
	for provider, services := range docs[0].Children() {
		out[provider] = map[string]map[string]entry{}
		for service, actions := range services.Children() {
			if service == fallback {
				e, err := read(actions, "")
				if err != nil {
					return nil, err
				}
				out[provider][fallback] = map[string]entry{fallback: e}
				continue
			}
			out[provider][service] = map[string]entry{}
			source := actions.Get("source").Text()
			for action, v := range actions.Children() {
				if action == "source" {
					continue
				}
				e, err := read(v, source)
				if err != nil {
					return nil, err
				}
				out[provider][service][action] = e
			}
		}
	}
	return out, nil
}

func read(v bulwark.Value, source string) (entry, error) {
	e := entry{Limit: Limit{Rate: v.Get("rate").Float(), Burst: v.Get("burst").Float(), Assumed: v.Get("assumed").Bool(), Source: source}}
	per := v.Get("per").Text()
	e.perScope = per == "scope"
	if e.Rate <= 0 || e.Burst < 1 || per != "scope" && per != "region" {
		return e, fmt.Errorf("quota: %s: %w: want {rate, burst, per: scope|region}", v.Position(), bulwark.ErrInvalid)
	}
	if !e.Assumed && strings.TrimSpace(source) == "" {
		return e, fmt.Errorf("quota: %s: %w: a number that is not assumed needs a source", v.Position(), bulwark.ErrInvalid)
	}
	return e, nil
}
