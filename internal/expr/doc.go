// Package expr is the one home of CEL over bulwark.Value: it type-checks
// expressions against type files, and evaluates them in place over value
// trees with three answers (true, false, unknown).
//
// cel-go parses and type-checks. Two evaluators share every primitive of this
// package (selection, equality, order, membership, functions): closures
// compiled from the checked tree, which serve, and cel-go's own interpreter
// behind an adapter, which tests them and serves what they do not compile.
//
// The meaning of expressions differs from plain CEL where assets demand it:
//
//   - Selecting an absent property yields its type's default, else null; never
//     an error. An absent list or map is empty, and equal to an empty one; an
//     absent text starts with, ends with, contains and matches nothing.
//   - An unknown value makes a result unknown unless the other operand of &&
//     or || decides. Errors (an index out of range, a value of the wrong kind,
//     selecting in a scalar) are unknown, with a reason.
//   - A symbolic text equals itself, is neither null nor "", and is otherwise
//     unknown unless its literal parts decide; one attribute of a resource is
//     neither * nor 0.0.0.0/0. A secret is not null; anything
//     else about it is unknown.
//   - Comparisons with now tell when their answer next changes.
//
// Functions beside CEL's own and its strings and base64 extensions (x is of
// any kind; an unknown argument makes the result unknown):
//
//	related(asset, 'name')  assets in a relation: a list, typed where type files say
//	fact(asset, 'kind')     what an engine found about an asset
//	strings(x)              a list of what may be one value or a list; absent is []
//	json(x)                 a text read as JSON; what is data already stays
//	statements(x)           statements of an IAM policy, document or text, as a list
//	principals(statement)   its principals of every kind, as a list of texts
//	allowsEverybody(s)      whether a statement lets everybody in: principal *, and no condition that binds
//	isOwnKey(x)             whether it names a KMS key that is not a service's own (alias/aws/…)
//	plainText(x)            the text that a base64 text encodes; anything else stays
//	written(x)              the text as code has it: ${…} for what is known only once deployed
//	like(text, pattern)     * is any text, ? one character, as in IAM policies
//	isOpenToInternet(x)     whether it is 0.0.0.0/0 or ::/0
//	cidr(x) ip(x)           .isPublic() .family() .prefixLength(); isCIDR(x) isIP(x)
//	cidrContains(x, y)      whether network x holds all of network or address y
//	quantity(x) version(x)  Kubernetes quantities and dotted versions, with an order
//	days(n)                 a duration
//	sets.contains(a, b)     and sets.intersects, sets.equivalent
//
// To judge an asset: Env.Space, Space.Scope, Scope.Let, Scope.CompileBool,
// then for each asset Run.Reset and for each check Run.Begin and Program.Ask.
// For expressions over free variables: Env.Free, Scope.Compile, Run.ResetFree
// and Program.Eval.
package expr
