// Package bulwark is the vocabulary of Bulwark as plain data: assets, their
// values, checks, findings, standards, gaps. It imports only the standard
// library, and every other package imports it.
package bulwark
