// Package wire speaks the AWS protocols from the server's side: it tells which
// operation an HTTP request calls, decodes the request into the SDK's own input
// type, and writes the SDK's own output types and errors as that operation's
// client reads them.
//
// What is on the wire is known from the clients themselves. Clients that carry
// schemas (smithy.Schema) are asked for them; of older clients, model.txt holds
// what gen read in their sources. Values are walked by reflection.
package wire

//go:generate go run ./gen
