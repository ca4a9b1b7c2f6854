package gcp

import (
	"strings"

	"github.com/bulwarksec/bulwark/internal/provider"
)

// Types that the package itself knows.
const (
	typeOrganization = "cloudresourcemanager.googleapis.com/Organization"
	typeFolder       = "cloudresourcemanager.googleapis.com/Folder"
	typeProject      = "cloudresourcemanager.googleapis.com/Project"
	typeAccount      = "iam.googleapis.com/ServiceAccount"
	typeBucket       = "storage.googleapis.com/Bucket"
	typeKey          = "cloudkms.googleapis.com/CryptoKey"
)

const managerHost = "//cloudresourcemanager.googleapis.com/"

// fullName returns the full resource name of what a text refers to, or "" where
// it does not tell. APIs write references as a full name, a selfLink of any
// version, a name relative to its service or to a project, an e-mail address, or
// a bare name, which type files have a template for.
// Source: Cloud APIs, Resource names; Compute Engine, resource URLs.
func fullName(to, text, project string, accounts map[string]string) string {
	if rest, ok := strings.CutPrefix(text, "//"); ok {
		if known := accounts[lastPart(text)]; to == typeAccount && known != "" {
			return known
		}
		if host, tail, ok := strings.Cut(rest, "/"); ok && strings.HasSuffix(host, ".googleapis.com") {
			return "//" + host + "/" + unversioned(to, tail)
		}
		return text
	}
	if rest, ok := strings.CutPrefix(text, "https://"); ok {
		return fromLink(to, rest)
	}
	host, _, _ := strings.Cut(to, "/")
	switch {
	case to == typeAccount:
		return accounts[lastPart(text)]
	case to == typeProject && !strings.Contains(text, "/"):
		return accounts[projectKey+text]
	case strings.HasPrefix(text, "projects/"), strings.HasPrefix(text, "folders/"), strings.HasPrefix(text, "organizations/"):
		return "//" + host + "/" + unversioned(to, text)
	case strings.HasPrefix(text, "global/"), strings.HasPrefix(text, "regions/"), strings.HasPrefix(text, "zones/"):
		if project != "" {
			return "//" + host + "/projects/" + project + "/" + text
		}
	}
	return ""
}

// projectKey begins the keys of project ids and numbers among the names of
// accounts.
const projectKey = "project:"

// unversioned is a key's name without the version that some services append.
func unversioned(to, path string) string {
	if to == typeKey {
		path, _, _ = strings.Cut(path, "/cryptoKeyVersions/")
	}
	return path
}

// fromLink turns a selfLink, without its scheme, into a full name:
// www.googleapis.com/compute/v1/projects/…, compute.googleapis.com/compute/v1/
// projects/…, container.googleapis.com/v1/projects/…, and for buckets
// www.googleapis.com/storage/v1/b/….
func fromLink(to, link string) string {
	host, path, _ := strings.Cut(link, "/")
	service, ok := strings.CutSuffix(host, ".googleapis.com")
	if !ok {
		return ""
	}
	if service == "www" {
		service, path, _ = strings.Cut(path, "/")
	} else {
		path = strings.TrimPrefix(path, service+"/")
	}
	version, rest, ok := strings.Cut(path, "/")
	if !ok || !isVersion(version) {
		return ""
	}
	if service == "storage" {
		rest = strings.TrimPrefix(rest, "b/")
	}
	return "//" + service + ".googleapis.com/" + unversioned(to, rest)
}

func isVersion(s string) bool {
	return s == "beta" || s == "alpha" || len(s) > 1 && s[0] == 'v' && s[1] >= '1' && s[1] <= '9'
}

// place is where an asset is, for the references of its type.
func (g *gathering) place(project, location string) provider.Place {
	return provider.Place{Region: location, Account: project, Full: func(to, text string) string {
		return fullName(to, text, project, g.accounts)
	}}
}

// lastPart is the text after the last slash.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
