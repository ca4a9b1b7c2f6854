package aws

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// What services call the size of a page, the token that asks for the next page,
// the one that leads there, and whether there is more.
var (
	sizeNames     = []string{"MaxResults", "MaxItems", "MaxRecords", "PageSize", "Limit", "MaxBuckets", "MaxKeys"}
	askNames      = []string{"NextToken", "Marker", "ContinuationToken", "NextMarker", "Position", "PaginationToken", "ExclusiveStartTableName"}
	tokenNames    = []string{"NextToken", "NextMarker", "Marker", "NextContinuationToken", "ContinuationToken", "Position", "PaginationToken", "LastEvaluatedTableName"}
	moreNames     = []string{"IsTruncated", "Truncated"}
	maxSize       = 1000
	stringPointer = reflect.TypeFor[*string]()
)

// page returns the part of n items that the input asks for, and sets the
// output's token if there is more.
func (c *Call) page(op string, in, out any, n int) (from, to int, err error) {
	from, err = decodeToken(op, askedToken(in))
	if err != nil || from > n {
		return 0, 0, badToken(c.Service)
	}
	to = min(n, from+c.size(in))
	if to < n {
		holder, token := tokenOf(reflect.ValueOf(out).Elem())
		if !token.IsValid() {
			return 0, n, nil // an operation without pages
		}
		next := encodeToken(op, to)
		token.Set(reflect.ValueOf(&next))
		setMore(holder, true)
	}
	return from, to, nil
}

// size returns how many items a page has: what is asked for, at most 1000. EC2
// returns all that it is not asked to page.
func (c *Call) size(in any) int {
	v := reflect.ValueOf(in).Elem()
	for _, name := range sizeNames {
		f := v.FieldByName(name)
		if !f.IsValid() {
			continue
		}
		if f.Kind() == reflect.Pointer {
			if f.IsNil() {
				continue
			}
			f = f.Elem()
		}
		size := 0
		if f.CanInt() {
			size = int(f.Int())
		} else {
			size, _ = strconv.Atoi(f.String()) // Route 53 once wrote it as text
		}
		if size > 0 {
			return min(size, maxSize)
		}
	}
	if c.Service.Name == "ec2" {
		return 1 << 30
	}
	return c.server.pageSize
}

func askedToken(in any) string {
	v := reflect.ValueOf(in).Elem()
	for _, name := range askNames {
		if f := v.FieldByName(name); f.IsValid() && f.Type() == stringPointer && !f.IsNil() {
			return f.Elem().String()
		}
	}
	return ""
}

func offsetOf(op string, in any) int {
	n, _ := decodeToken(op, askedToken(in))
	return n
}

// tokenOf returns an output's member for the next page's token, and the
// structure that has it: the output, or one that it points to, which is copied
// first.
func tokenOf(out reflect.Value) (holder, token reflect.Value) {
	for _, name := range tokenNames {
		if f := out.FieldByName(name); f.IsValid() && f.Type() == stringPointer {
			return out, f
		}
	}
	for i := range out.NumField() {
		f := out.Field(i)
		if f.Kind() != reflect.Pointer || f.IsNil() || !f.CanSet() || f.Elem().Kind() != reflect.Struct {
			continue
		}
		for _, name := range tokenNames {
			if t := f.Elem().FieldByName(name); t.IsValid() && t.Type() == stringPointer {
				clone := reflect.New(f.Type().Elem())
				clone.Elem().Set(f.Elem())
				f.Set(clone)
				return clone.Elem(), clone.Elem().FieldByName(name)
			}
		}
	}
	return reflect.Value{}, reflect.Value{}
}

func setMore(holder reflect.Value, more bool) {
	for _, name := range moreNames {
		switch f := holder.FieldByName(name); {
		case !f.IsValid():
		case f.Kind() == reflect.Bool:
			f.SetBool(more)
		case f.Type() == reflect.TypeFor[*bool]():
			f.Set(reflect.ValueOf(&more))
		}
	}
}

// encodeToken writes a token that means nothing to the caller and is good for
// one operation only.
func encodeToken(op string, offset int) string {
	return base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "1/%s/%d", op, offset))
}

func decodeToken(op, token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		return 0, err
	}
	rest, ok := strings.CutPrefix(string(raw), "1/"+op+"/")
	if !ok {
		return 0, fmt.Errorf("a token of another operation")
	}
	n, err := strconv.Atoi(rest)
	if err == nil && n < 0 {
		err = fmt.Errorf("a negative offset")
	}
	return n, err
}
