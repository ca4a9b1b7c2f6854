package aws

import "slices"

// notServed are types of assets, * is any text, whose services the server does
// not answer for.
var notServed = []string{"AWS::CodeBuild::*", "AWS::DAX::*", "AWS::DMS::*", "AWS::FSx::*"}

// NotServed returns what a reader of this server has to leave out.
func NotServed() []string { return slices.Clone(notServed) }
