package expr

import (
	"net/netip"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
)

// isOwnKey reports whether a text names a KMS key that is not one of a service's
// own (alias/aws/…). An absent or empty text names none. A text that is known
// only once deployed names a key of the customer: a service's own key is not
// made or handed over in code, it is named by its alias.
func isOwnKey(_ *Run, a val) val {
	switch a.class() {
	case cAbsent, cNull:
		return val{r: types.False}
	case cString:
		return val{r: types.Bool(a.text() != "" && !strings.Contains(a.text(), "alias/aws/"))}
	case cSymbolic:
		return val{r: types.Bool(!strings.Contains(written(a.v), "alias/aws/"))}
	}
	return wrong("isOwnKey", a)
}

// bindingKeys are the condition keys, in lower case, that tie a request to an
// account, an organisation, a resource or a network. Source: IAM user guide,
// "AWS global condition context keys", and the Amazon S3 user guide, "The
// meaning of public".
var bindingKeys = []string{"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount",
	"aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpcarn",
	"aws:sourcevpce", "aws:userid", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths", "aws:vpcsourceip", "kms:calleraccount",
	"s3:dataaccesspointaccount", "s3:dataaccesspointarn", "lambda:eventsourcetoken", "elasticfilesystem:accessedviamounttarget",
	"sts:externalid"}

// bindingOperators are the condition operators, in lower case and without
// ForAnyValue:, that hold for a request only if its key has one of the values.
// ForAllValues: holds too where the request has no such key.
var bindingOperators = []string{"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress", "bool"}

// allowsEverybody reports whether a statement of an IAM policy allows every
// principal there is: its principal is "*", and no condition ties it to an
// account, an organisation, a resource or a network.
func (r *Run) allowsEverybody(s val) tri {
	if s.class() != cMap {
		return unsure
	}
	everybody := r.anyWildcard(r.sel(s, "Principal"))
	if everybody != yes {
		if p := r.sel(s, "Principal"); p.class() == cMap {
			everybody = r.anyWildcard(r.sel(p, "AWS"))
		}
	}
	allow := r.equal(r.sel(s, "Effect"), val{r: types.String("Allow")})
	return and(and(allow, everybody), r.isBound(r.sel(s, "Condition")).not())
}

// anyWildcard reports whether a text, or one of a list of texts, is "*" or the
// ARN of an identity of any account, such as arn:aws:iam::*:root.
func (r *Run) anyWildcard(a val) tri {
	list := listOf(r, a)
	if list.class() == cUnknown {
		return unsure
	}
	n, _ := list.length()
	answer := no
	for i := range n {
		if ofAnyAccount(list.at(i)) {
			return yes
		}
		switch r.equal(list.at(i), val{r: types.String("*")}) {
		case yes:
			return yes
		case unsure:
			answer = unsure
		}
	}
	return answer
}

// ofAnyAccount reports whether a text is an ARN of IAM whose account is written
// as a wildcard, whatever else of it is known.
func ofAnyAccount(a val) bool {
	if c := a.class(); c != cString && c != cSymbolic {
		return false
	}
	text := ""
	if a.class() == cString {
		text = a.text()
	} else {
		text = written(a.v)
	}
	_, account, found := strings.Cut(text, ":iam::")
	return found && strings.HasPrefix(text, "arn:") && strings.HasPrefix(account, "*")
}

// isBound reports whether a condition ties a request to something.
func (r *Run) isBound(c val) tri {
	switch c.class() {
	case cAbsent, cNull:
		return no
	case cMap:
	default:
		return unsure
	}
	answer := no
	for _, op := range c.keys() {
		name := strings.ToLower(textOf(op))
		name = strings.TrimPrefix(name, "foranyvalue:")
		if !slices.Contains(bindingOperators, name) {
			continue
		}
		keys := r.index(c, op)
		if keys.class() != cMap {
			answer = unsure
			continue
		}
		for _, k := range keys.keys() {
			if !slices.Contains(bindingKeys, strings.ToLower(textOf(k))) {
				continue
			}
			switch r.bindsTo(r.index(keys, k)) {
			case yes:
				return yes
			case unsure:
				answer = unsure
			}
		}
	}
	return answer
}

// bindsTo reports whether every value that a condition asks for excludes
// somebody: a wildcard or the network of all addresses does not.
func (r *Run) bindsTo(a val) tri {
	list := listOf(r, a)
	if list.class() == cUnknown {
		return unsure
	}
	n, _ := list.length()
	for i := range n {
		text, ok := literal(list.at(i))
		if !ok {
			continue // known once deployed: a name, not a wildcard
		}
		if strings.Trim(text, "*") == "" {
			return no
		}
		if p, err := netip.ParsePrefix(text); err == nil && p.Bits() == 0 {
			return no
		}
	}
	return triOf(n > 0)
}
