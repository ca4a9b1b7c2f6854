package kube

import (
	"github.com/bulwarksec/bulwark"
)

// LastApplied is the annotation in which kubectl keeps a whole object,
// contents of Secrets too.
const LastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// Path and Copier are the root's.
type (
	Path   = bulwark.CopyPath
	Copier = bulwark.Copier
)

// Drop returns the path of a property that is left out of copies.
func Drop(steps ...string) Path { return bulwark.DropPath(steps...) }

// SecretPaths returns the paths of a type's properties that hold secrets: those
// of its type file, and the contents of Secrets whatever the types say.
func SecretPaths(types *bulwark.Types, typ string) []Path {
	var list []Path
	if typ == "v1/Secret" {
		const kind = "kubernetes-secret"
		list = []Path{bulwark.SecretPath(kind, "data"), bulwark.SecretPath(kind, "stringData"), bulwark.SecretPath(kind, "metadata", "annotations", LastApplied)}
	}
	if types == nil || types.Get(typ) == nil {
		return list
	}
	for _, p := range types.Get(typ).Properties {
		if p.Secret != "" {
			list = append(list, p.CopyPath())
		}
	}
	return list
}
