package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bulwarksec/bulwark"
)

// liveFlags are a connector's configuration on the command line: a flag for
// each field, a file, or both; flags win.
type liveFlags struct {
	kind   *kind
	file   string
	secret string
	names  map[string]string // field → its flag
}

func (f *liveFlags) register(cmd *cobra.Command, k *kind) {
	f.kind, f.names = k, map[string]string{}
	flags := cmd.Flags()
	flags.StringVar(&f.file, "settings", "", "JSON file of the connector's configuration; flags win")
	if k.secret.NumField() > 0 {
		flags.StringVar(&f.secret, "secret-file", "", "JSON file of the secret: "+strings.Join(secretNames(k), ", "))
	}
	for _, field := range fieldsOf(k.config, "") {
		name := flagName(field.name)
		if flags.Lookup(name) != nil || name == "config" || name == "help" {
			name = k.name + "-" + name
		}
		f.names[field.name] = name
		about := k.fields[field.name]
		switch field.kind {
		case "boolean":
			flags.Bool(name, false, about)
		case "number":
			flags.Int64(name, 0, about)
		case "list":
			flags.StringArray(name, nil, about+" (repeatable)")
		default:
			flags.String(name, "", about)
		}
	}
}

func secretNames(k *kind) []string {
	var out []string
	for _, f := range fieldsOf(k.secret, "") {
		out = append(out, f.name)
	}
	return out
}

// flagName writes roleArn or exclude.types as role-arn and exclude-types.
func flagName(field string) string {
	var b strings.Builder
	for i, r := range field {
		switch {
		case r == '.':
			b.WriteByte('-')
		case r >= 'A' && r <= 'Z':
			if i > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r + 'a' - 'A')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// read returns the configuration and the secret, nil for none.
func (f *liveFlags) read(cmd *cobra.Command) (config, secret json.RawMessage, err error) {
	tree := map[string]any{}
	if f.file != "" {
		data, err := readBounded(f.file, maxConfig)
		if err != nil {
			return nil, nil, fmt.Errorf("read settings: %w", err)
		}
		if err := json.Unmarshal(data, &tree); err != nil {
			return nil, nil, fmt.Errorf("read settings %s: %w: %w", f.file, bulwark.ErrInvalid, err)
		}
	}
	for field, name := range f.names {
		flag := cmd.Flags().Lookup(name)
		if !flag.Changed {
			continue
		}
		value, err := valueOf(flag)
		if err != nil {
			return nil, nil, err
		}
		set(tree, strings.Split(field, "."), value)
	}
	if config, err = json.Marshal(tree); err != nil {
		return nil, nil, err
	}
	if f.secret != "" {
		if secret, err = readBounded(f.secret, maxConfig); err != nil {
			return nil, nil, fmt.Errorf("read secret: %w", err)
		}
	}
	return config, secret, nil
}

func valueOf(flag *pflag.Flag) (any, error) {
	text := flag.Value.String()
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return list.GetSlice(), nil
	}
	switch flag.Value.Type() {
	case "bool":
		return strconv.ParseBool(text)
	case "int64":
		return strconv.ParseInt(text, 10, 64)
	}
	return text, nil
}

// set puts a value below the names, making objects on the way.
func set(tree map[string]any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		below, ok := tree[name].(map[string]any)
		if !ok {
			below = map[string]any{}
		} else {
			below = maps.Clone(below)
		}
		tree[name] = below
		tree = below
	}
	tree[path[len(path)-1]] = value
}
