package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	cctypes "github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

// Resources of Cloud Control are put with their type's name as the parent.
var (
	_ = list[cloudcontrol.ListResourcesInput, cloudcontrol.ListResourcesOutput, cctypes.ResourceDescription](of("TypeName"))
	_ = get[cloudcontrol.GetResourceInput, cloudcontrol.GetResourceOutput, cctypes.ResourceDescription]("Identifier", "Identifier", notFound("ResourceNotFoundException", 400), of("TypeName"))
)
