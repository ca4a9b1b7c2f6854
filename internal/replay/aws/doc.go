// Package aws is a server that is shaped like AWS: the SDK's own clients talk
// to it over their own protocols. It answers reads out of a World, which holds
// values of the SDK's own types; it enforces quotas, knows accounts, roles and
// what each caller is denied, and goes wrong where its rules say so.
//
// An operation is served by one line, or a function, at the end of which
// stands its registration: list, names, get and answer cover most. The types
// of its input and output say which service and operation it is.
//
// Signatures are read for who calls which service where, not verified: the
// server holds invented data only.
package aws
