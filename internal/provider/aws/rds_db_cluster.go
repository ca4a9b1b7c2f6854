package aws

// Clusters of RDS, DocumentDB and Neptune come from the same call.
var (
	_ = collect(dbCluster("AWS::RDS::DBCluster", rdsNames, func(engine *string) bool { return !otherService(engine) }))
	_ = collect(dbCluster("AWS::DocDB::DBCluster", clusterNames, hasPrefix("docdb")))
	_ = collect(dbCluster("AWS::Neptune::DBCluster", clusterNames, hasPrefix("neptune")))
)
