package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

// configLong tells where flags may stand; it ends the program's help.
const configLong = "Every flag may also stand in the environment as BULWARK_ and its name (BULWARK_DATA, BULWARK_SCAN_IAC),\n" +
	"or in a YAML file named by --config or BULWARK_CONFIG: by its name for all commands, or below a command's\n" +
	"name for that one. Flags come first, then the environment, then the file. Repeatable ones are separated by\n" +
	"commas in the environment and are lists in the file."

// maxConfig bounds a configuration file, in bytes.
const maxConfig = 1 << 20

// configure fills the flags of a command that were not given from the
// environment and the configuration file.
func configure(cmd *cobra.Command) error {
	flags := cmd.Flags()
	name, err := flags.GetString("config")
	if err != nil {
		return err
	}
	if name == "" {
		name = os.Getenv("BULWARK_CONFIG")
	}
	var layers []bulwark.Value // the more specific first
	if name != "" {
		root, err := readConfig(name)
		if err != nil {
			return err
		}
		if err := checkConfig(name, cmd.Root(), root); err != nil {
			return err
		}
		layers = configFor(cmd, root)
	}
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || slices.Contains([]string{"config", "help", "version"}, f.Name) {
			return
		}
		errs = append(errs, setFlag(flags, f, name, layers))
	})
	return errors.Join(errs...)
}

// setFlag sets a flag from the environment, else from the first layer that
// names it.
func setFlag(flags *pflag.FlagSet, f *pflag.Flag, file string, layers []bulwark.Value) error {
	variable := "BULWARK_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
	_, many := f.Value.(pflag.SliceValue)
	if text := os.Getenv(variable); text != "" {
		words := []string{text}
		if many {
			words = strings.Split(text, ",")
		}
		for _, w := range words {
			if err := flags.Set(f.Name, w); err != nil {
				return fmt.Errorf("%s: %w: %w", variable, bulwark.ErrInvalid, err)
			}
		}
		return nil
	}
	for _, layer := range layers {
		v := layer.Get(f.Name)
		if v.IsAbsent() {
			continue
		}
		words := []bulwark.Value{v}
		if many && v.Kind() == bulwark.List {
			words = words[:0]
			for i := range v.Len() {
				words = append(words, v.Index(i))
			}
		}
		for _, w := range words {
			text := w.String()
			switch w.Kind() {
			case bulwark.String:
				text = w.Text()
			case bulwark.Bool, bulwark.Int, bulwark.Float:
			default:
				return fmt.Errorf("%s:%d: %w: %s takes one value", file, v.Position().Line, bulwark.ErrInvalid, f.Name)
			}
			if err := flags.Set(f.Name, text); err != nil {
				return fmt.Errorf("%s:%d: %w: %w", file, v.Position().Line, bulwark.ErrInvalid, err)
			}
		}
		return nil
	}
	return nil
}

func readConfig(name string) (bulwark.Value, error) {
	data, err := readBounded(name, maxConfig)
	if err != nil {
		return bulwark.Value{}, fmt.Errorf("read configuration: %w", err)
	}
	docs, err := yamldoc.Decode(data, yamldoc.Options{File: name, Strict: true})
	if err != nil {
		return bulwark.Value{}, fmt.Errorf("read configuration %s: %w", name, err)
	}
	if len(docs) != 1 || docs[0].Kind() != bulwark.Object {
		return bulwark.Value{}, fmt.Errorf("read configuration %s: %w: want one document of names and values", name, bulwark.ErrInvalid)
	}
	return docs[0], nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%w: over %d bytes", bulwark.ErrInvalid, limit)
	}
	return data, err
}

// configFor returns the parts of a configuration that a command takes, its own
// first.
func configFor(cmd *cobra.Command, root bulwark.Value) []bulwark.Value {
	layers := []bulwark.Value{root}
	at := root
	for _, word := range strings.Fields(cmd.CommandPath())[1:] {
		if at = at.Get(word); at.Kind() != bulwark.Object {
			break
		}
		layers = append([]bulwark.Value{at}, layers...)
	}
	return layers
}

// checkConfig refuses a name that is no flag of any command, nor, below a
// command's name, of that one and those under it.
func checkConfig(file string, cmd *cobra.Command, v bulwark.Value) error {
	for i := range v.Len() {
		c := v.Index(i)
		name := c.Name()
		if sub := subcommand(cmd, name); sub != nil && c.Kind() == bulwark.Object {
			if err := checkConfig(file, sub, c); err != nil {
				return err
			}
			continue
		}
		if !takesFlag(cmd, name) {
			return fmt.Errorf("%s:%d: %w: %q is no flag and no command of %s", file, c.Position().Line, bulwark.ErrInvalid, name, cmd.CommandPath())
		}
	}
	return nil
}

func subcommand(cmd *cobra.Command, name string) *cobra.Command {
	for _, c := range cmd.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

func takesFlag(cmd *cobra.Command, name string) bool {
	if cmd.Flags().Lookup(name) != nil {
		return true
	}
	return slices.ContainsFunc(cmd.Commands(), func(c *cobra.Command) bool { return takesFlag(c, name) })
}
