package store

import (
	"context"
	"fmt"
	"strings"
)

// choicePrefix begins the settings that keep which standards people chose.
const choicePrefix = "standard/"

// StandardChoices returns what people chose of standards, by id: true puts one
// into use and false out of it. Of the others nobody said anything.
func (s *Store) StandardChoices(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	err := each(ctx, s.r, "SELECT name, value FROM settings WHERE name >= $1 AND name < $2", []any{choicePrefix, "standard0"}, func(r rows) error { // 0 follows / in ASCII
		var name string
		var value []byte
		err := r.Scan(&name, &value)
		out[strings.TrimPrefix(name, choicePrefix)] = string(value) == "on"
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read choices of standards: %w", err)
	}
	return out, nil
}

// ChooseStandard keeps that somebody put a standard into use, or out of it.
func (s *Store) ChooseStandard(ctx context.Context, id string, on bool) error {
	value := "off"
	if on {
		value = "on"
	}
	return s.SetSetting(ctx, choicePrefix+clean(id), []byte(value))
}
