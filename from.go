package bulwark

// From says how resources of infrastructure code become assets of a type. A
// type of which code and live provider share the schema (CloudFormation for
// AWS, ARM for Azure, manifests for Kubernetes) needs lines only for what
// contributes from elsewhere.
type From struct {
	Terraform      []Mapping
	CloudFormation []Mapping
	ARM            []Mapping
}

// Mapping turns one type of resource into an asset, or into a part of one.
type Mapping struct {
	Resource string // aws_s3_bucket, AWS::S3::BucketPolicy
	Name     string // attribute that names the asset; "" means its address
	When     Expr   // CEL over `resource`; empty means always

	// Into is set when the resource is a piece that belongs to an asset
	// declared elsewhere.
	Into *Into

	Each       []string // attributes whose elements each make one item (fan-out)
	Attributes []AttributeMapping
	Position   Position
}

// Into names the asset that a piece is folded into.
type Into struct {
	By       []string // attributes that refer to the parent; every one that is set is a parent
	List     string   // property, a list, to which each piece adds one element; "" merges into the parent itself
	ListFrom string   // attribute whose value chooses the list, by ListMap
	ListMap  map[string]string
	Key      []string // properties by which elements of List are merged
	Alone    []string // lists that a piece leaves empty where the parent is not declared
}

// AttributeMapping copies one attribute to one property. Paths are dotted, []
// stands for list elements and must stand as often in From as in To; a block
// that is not marked [] is taken as one object.
type AttributeMapping struct {
	From     string
	To       string
	Enum     map[string]string // attribute value → property value
	Default  Value             // what absent means in this language
	JSON     bool              // the text is a JSON document
	YAML     bool              // the text is a YAML or JSON document
	Negate   bool
	Present  bool   // the property is whether the attribute or block is there
	Constant Value  // the property's value; From is empty
	Expr     Expr   // CEL over `resource`; From is empty
	Normal   string // normaliser shared by live and code: protocol, port, cidr
	Pairs    string // map → list of {Key, Value} objects: "Key/Value"
	Position Position
}
