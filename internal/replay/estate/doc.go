// Package estate makes up the estate of a company, Halden Markets, a grocer with
// shops, payments, loyalty and a data platform, and fills the provider-shaped
// servers with it: an AWS organisation, an Azure tenant, a Google organisation
// and three clusters. It also makes the files of the company's repositories of
// infrastructure code and of some of its machines, by the templates in pages.
//
// The estate at a time is a function of the seed and that time alone: At moves
// all servers there, from wherever they were. Most of it is well kept; mistakes
// are spread unevenly, come and go, and follow the stories in story.go. Nobody
// and nothing in it is real.
package estate
