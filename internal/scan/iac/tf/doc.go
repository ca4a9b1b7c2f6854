// Package tf evaluates Terraform configuration without running Terraform: it
// reads the folders of a tree, their modules, variables and functions, and
// returns every resource instance as a tree of values, each with the file and
// lines where it was written. It also reads plans and states.
//
//	roots, err := tf.FindRoots(ctx, fsys, ".", tf.Limits{})
//	var cache tf.Cache // of modules that several roots call
//	for _, root := range roots {
//		res, err := tf.Evaluate(ctx, fsys, root, tf.Options{Cache: &cache})
//		…
//	}
//	res, err := tf.ReadPlan(data, "plan.json", tf.Limits{})  // terraform show -json of a plan or state, or a state file
//
// # What is not known
//
// No value is guessed. Where Terraform would need a provider or a person, a
// value is a symbol: a name for what will be there. A symbol is a
// bulwark.Symbol: its Kind is one of the Sym constants, its Scope the provider
// scope (an account), its Address that of the resource or variable, and its
// Attribute a path. Texts may be part literal and part symbol; both are in
// Node.Parts, and Node.Symbol returns a lone one, which may stand for a value
// of any type, such as a list. Equal symbols are the same value; a symbol is
// neither null nor empty; whether two others are equal is not known.
//
// What cannot be told even by name is a Node of kind Unknown with a Reason. It
// stands at the leaf: the rest of the document is there. A List or Object that
// may have further children has Open set; what an open Object lacks is not
// known to be absent. A Resource that may not exist, or more than once, because
// its count or for_each is not known, is returned once, with Conditional set
// and [*] or its symbolic key in the address. One with a syntax error has
// Partial set, and an open Body.
//
// # Shapes
//
// Body is an Object of the attributes in source order and, after them, the
// nested blocks: a List with Block set, of Objects with Block set, also for a
// block that stands once (Node.At looks into such a list). In .tf.json a block
// is what the file has, an Object or a List of Objects without Block, since
// only a provider's schema tells it from an attribute. count, for_each,
// provider, depends_on, lifecycle, connection and provisioner are left out;
// dynamic blocks are expanded. An attribute set to null is Null. Labels of
// nested blocks are members called __label.
//
// Numbers are big.Float of 512 bits; see Node.Int and Node.Float. Values keep
// the type they are written with, since there is no schema: "true" stays a
// String.
//
// A text that holds JSON or YAML is a String or Symbolic as ever;
// ParseJSONString returns the document in it, with the position of each value:
// that of the expression in jsonencode, of the block in a policy-document data
// source, of the line in a heredoc, file or template.
//
// Node.Refs are the attributes of resources that an expression got its value
// from, at any remove (locals, variables, outputs, interpolation), as absolute
// addresses: aws_s3_bucket.logs.id, module.net.aws_vpc.main[0].arn. They are
// there also when the value is a literal, so that a split resource can be tied
// to its parent. Instances of unknown key have [*].
//
// Node.Pos is the attribute's place in the resource for texts, numbers and
// booleans, and the place of definition for the members of lists and objects
// that a local or variable brought. Pos.Via is the chain of module calls
// ("main.tf:12 module.net[\"a\"]") and, for one of several instances, the
// resource's own address.
//
// # Scopes
//
// Resource.Provider is the provider configuration that makes it, mapped through
// the modules' provider arguments. Each is an account scope; Scope is its name.
// Region and Account are known where the configuration says them.
// aws_caller_identity, aws_region, aws_partition and their like of other
// clouds are symbols of kind account, region and partition of that scope, or
// literals where the provider's configuration tells.
//
// # Bounds
//
// See Limits. What exceeds one, a file that cannot be read, a syntax error, a
// module that is not in the tree and a cycle is a Gap with file and line; the
// rest is evaluated. No file outside of the fs.FS is read and nothing is run.
package tf
