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
//     an error. An absent list or map is empty.
//   - An unknown value makes a result unknown unless the other operand of &&
//     or || decides. Errors (an index out of range, a value of the wrong kind,
//     selecting in a scalar) are unknown, with a reason.
//   - A symbolic text equals itself, is neither null nor "", and is otherwise
//     unknown unless its literal parts decide. A secret is not null; anything
//     else about it is unknown.
//   - Comparisons with now tell when their answer next changes.
package expr
