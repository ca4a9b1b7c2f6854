// Package aws is a server that is shaped like AWS: the SDK's own clients talk
// to it over their own protocols. It answers reads out of a World, which holds
// values of the SDK's own types; it enforces quotas, knows accounts, roles and
// what each caller is denied, and goes wrong where its rules say so.
//
// An operation is served by one line, or a function, at the end of which
// stands its registration: list, names, get and answer cover most. The types
// of its input and output say which service and operation it is.
//
// A world is filled with the SDK's types and whole answers:
//
//	w := aws.NewWorld()
//	at := aws.Place{Account: "111122223333", Region: "eu-west-1"}
//	aws.Put(w, at, ec2types.Vpc{VpcId: &id})                          // DescribeVpcs
//	aws.Put(w, at.In("blue"), ekstypes.Nodegroup{NodegroupName: &n})  // of cluster blue
//	aws.Answer(w, at, id+"/enableDnsSupport", &ec2.DescribeVpcAttributeOutput{…})
//	s, err := aws.New(aws.Options{World: w, Accounts: …, Keys: …})
//	cfg.HTTPClient = &http.Client{Transport: s.Transport()}
//
// Which type or key an operation reads is in its registration. What is global
// is put in no region.
//
// Signatures are read for who calls which service where, not verified: the
// server holds invented data only.
package aws
