package tf

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func registerEncodings() {
	digest := func(name string, h func() hash.Hash, enc func([]byte) string) fn {
		return fn{name, 1, 1, symDerive, textual(func(a ...string) (string, error) { return sumOf(h, []byte(a[0]), enc), nil })}
	}
	register(
		fn{"jsonencode", 1, 1, symRaw, jsonEncode},
		fn{"jsondecode", 1, 1, symRaw, jsonDecode},
		fn{"yamlencode", 1, 1, symRaw, yamlEncode},
		fn{"yamldecode", 1, 1, symRaw, yamlDecode},
		fn{"csvdecode", 1, 1, symDerive, csvDecode},
		fn{"base64encode", 1, 1, symRaw, base64Encode},
		fn{"base64decode", 1, 1, symRaw, base64Decode},
		fn{"base64gzip", 1, 1, symDerive, textual(base64Gzip)},
		fn{"urlencode", 1, 1, symDerive, textual(func(a ...string) (string, error) { return url.QueryEscape(a[0]), nil })},
		fn{"urldecode", 1, 1, symDerive, textual(func(a ...string) (string, error) {
			s, err := url.QueryUnescape(a[0])
			return scrubText(s), err
		})},
		fn{"textencodebase64", 2, 2, symDerive, textual(textEncode)},
		fn{"textdecodebase64", 2, 2, symDerive, textual(textDecode)},
		digest("md5", md5.New, hex.EncodeToString),
		digest("sha1", sha1.New, hex.EncodeToString),
		digest("sha256", sha256.New, hex.EncodeToString),
		digest("sha512", sha512.New, hex.EncodeToString),
		digest("base64sha256", sha256.New, base64.StdEncoding.EncodeToString),
		digest("base64sha512", sha512.New, base64.StdEncoding.EncodeToString),
		fn{"uuidv5", 2, 2, symDerive, textual(uuid5)},
	)
}

func sumOf(h func() hash.Hash, b []byte, enc func([]byte) string) string {
	s := h()
	s.Write(b)
	return enc(s.Sum(nil))
}

// jsonEncode keeps the value beside the text, so that a reader of the text
// finds where its parts were written.
func jsonEncode(c *call) *Node {
	a := c.args[0]
	if a.Kind == Unknown {
		return a
	}
	if a.loneToken() {
		return c.derived()
	}
	b := c.ev.appendJSON(nil, a)
	if len(b) > maxText {
		return unknown("a text grew too large")
	}
	n := str(string(b))
	n.x = &ext{json: a.forced()}
	return n
}

func jsonDecode(c *call) *Node {
	a := c.args[0]
	switch {
	case a.Kind == Unknown:
		return a
	case a.x != nil && a.x.json != nil:
		return a.x.json
	case a.loneToken():
		return c.derived()
	}
	s, ok := c.text(0)
	if !ok {
		return c.bad(0)
	}
	segs := []seg{{0, a.Pos.File, a.Pos.Line, false}}
	if a.x != nil && a.x.segs != nil {
		segs = a.x.segs
	}
	r := &jsonReader{src: s, lines: newLiner(s, segs), via: a.Pos.Via, tokens: hasToken(s), limit: c.ev.lim.ValueNodes}
	n, err := r.document()
	c.ev.charge(r.nodes)
	if err != nil {
		if hasToken(s) {
			return unknown("a JSON text is not known whole")
		}
		return failure(err.Error())
	}
	return n
}

// maxTable bounds the texts that are decoded by libraries, which make many
// values of a short text.
const maxTable = 1 << 20

func csvDecode(c *call) *Node {
	if s, ok := c.text(0); ok && len(s) > maxTable {
		return unknown("a text is too large to decode")
	}
	return library(stdlib.CSVDecodeFunc)(c)
}

func base64Encode(c *call) *Node {
	a := c.args[0]
	if a.Kind == Unknown {
		return a
	}
	s, ok := c.text(0)
	if !ok {
		return c.bad(0)
	}
	if hasToken(s) {
		return c.derived()
	}
	if len(s) > maxText/2 {
		return unknown("a text grew too large")
	}
	return str(base64.StdEncoding.EncodeToString([]byte(s)))
}

func base64Decode(c *call) *Node {
	a := c.args[0]
	if a.Kind == Unknown {
		return a
	}
	s, ok := c.text(0)
	if !ok {
		return c.bad(0)
	}
	if hasToken(s) {
		return c.derived()
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return failure("base64decode: " + err.Error())
	}
	if !utf8.Valid(b) {
		return failure("base64decode: " + errNotText.Error())
	}
	return str(string(scrub(b)))
}

func base64Gzip(a ...string) (string, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(a[0])); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// byteOrder returns the order of a UTF-16 encoding's name; utf8 is true for
// UTF-8. Other encodings are refused.
func byteOrder(name string) (order binary.ByteOrder, isUTF8 bool, err error) {
	switch strings.ToUpper(name) {
	case "UTF-8", "UTF8":
		return nil, true, nil
	case "UTF-16LE":
		return binary.LittleEndian, false, nil
	case "UTF-16BE":
		return binary.BigEndian, false, nil
	}
	return nil, false, fmt.Errorf("the encoding %.40q is not supported", name)
}

func textEncode(a ...string) (string, error) {
	order, plain, err := byteOrder(a[1])
	if err != nil {
		return "", err
	}
	b := []byte(a[0])
	if !plain {
		units := utf16.Encode([]rune(a[0]))
		b = make([]byte, 2*len(units))
		for i, u := range units {
			order.PutUint16(b[2*i:], u)
		}
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

func textDecode(a ...string) (string, error) {
	order, plain, err := byteOrder(a[1])
	if err != nil {
		return "", err
	}
	b, err := base64.StdEncoding.DecodeString(a[0])
	if err != nil {
		return "", err
	}
	if plain {
		if !utf8.Valid(b) {
			return "", errNotText
		}
		return string(scrub(b)), nil
	}
	if len(b)%2 != 0 {
		return "", errors.New("half a character at the end")
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return scrubText(string(utf16.Decode(units))), nil
}

var uuidSpaces = map[string]string{
	"dns": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "url": "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
	"oid": "6ba7b812-9dad-11d1-80b4-00c04fd430c8", "x500": "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
}

// uuid5 makes the name-based identifier of RFC 9562, section 5.5.
func uuid5(a ...string) (string, error) {
	space := a[0]
	if s := uuidSpaces[space]; s != "" {
		space = s
	}
	ns, err := hex.DecodeString(strings.ReplaceAll(space, "-", ""))
	if err != nil || len(ns) != 16 {
		return "", fmt.Errorf("%.60q is no name space", a[0])
	}
	sum := sha1.Sum(append(ns, a[1]...))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x50
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

func timeCompare(c *call) *Node {
	a, failed := c.texts()
	if failed != nil {
		return failed
	}
	x, err := time.Parse(time.RFC3339, a[0])
	y, err2 := time.Parse(time.RFC3339, a[1])
	if err := errors.Join(err, err2); err != nil {
		return failure("timecmp: not a time")
	}
	return integer(int64(x.Compare(y)))
}
