package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// pageMeta is what a list says of itself.
type pageMeta struct {
	ResourceVersion string `json:"resourceVersion"`
	Continue        string `json:"continue"`
	Remaining       *int64 `json:"remainingItemCount"`
}

// maxColumns bounds the columns of a table.
const maxColumns = 64

// readPage reads a list, or a table of one, from a server's answer and hands
// each object to each as it comes, so that no more than one is held. The bytes
// are valid until each returns.
func readPage(body io.Reader, each func(raw []byte) error) (pageMeta, error) {
	var meta pageMeta
	var columns []string
	dec := json.NewDecoder(body)
	if err := expect(dec, '{'); err != nil {
		return meta, err
	}
	seen := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return meta, short(err)
		}
		switch key {
		case "metadata":
			err = dec.Decode(&meta)
		case "columnDefinitions":
			columns, err = readColumns(dec)
		case "items":
			seen = true
			err = readItems(dec, each)
		case "rows":
			seen = true
			err = readItems(dec, func(raw []byte) error { return row(raw, columns, each) })
		default:
			var skipped json.RawMessage
			err = dec.Decode(&skipped)
		}
		if err != nil {
			return meta, short(err)
		}
	}
	if err := expect(dec, '}'); err != nil {
		return meta, err
	}
	if !seen {
		return meta, errors.New("the answer is no list")
	}
	return meta, nil
}

// readItems reads a JSON array value by value; null is an empty one.
func readItems(dec *json.Decoder, each func(raw []byte) error) error {
	t, err := dec.Token()
	if err != nil || t == nil {
		return err
	}
	if t != json.Delim('[') {
		return fmt.Errorf("unexpected %v where a list should be", t)
	}
	var raw json.RawMessage
	for dec.More() {
		raw = raw[:0]
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		if err := each(raw); err != nil {
			return err
		}
	}
	return expect(dec, ']')
}

func readColumns(dec *json.Decoder) ([]string, error) {
	var list []struct {
		Name string `json:"name"`
	}
	if err := dec.Decode(&list); err != nil {
		return nil, err
	}
	if len(list) > maxColumns {
		return nil, fmt.Errorf("a table of %d columns", len(list))
	}
	var names []string
	for _, c := range list {
		names = append(names, c.Name)
	}
	return names, nil
}

// row hands on a row of a table as one object.
func row(raw []byte, columns []string, each func(raw []byte) error) error {
	var r struct {
		Cells  []json.RawMessage `json:"cells"`
		Object json.RawMessage   `json:"object"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	object, err := rowObject(columns, r.Cells, r.Object)
	if err != nil {
		return err
	}
	return each(object)
}

func expect(dec *json.Decoder, want json.Delim) error {
	t, err := dec.Token()
	if err != nil {
		return short(err)
	}
	if t != want {
		return fmt.Errorf("unexpected %v where %v should be", t, want)
	}
	return nil
}

// short makes an answer that ends before its value does what it is: broken
// off, which is worth another attempt.
func short(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
