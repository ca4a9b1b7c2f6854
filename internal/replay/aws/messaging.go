package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// A Queue is what SQS lists: it has no type for it.
type Queue struct{ URL string }

var (
	_ = names[sqs.ListQueuesInput, sqs.ListQueuesOutput, Queue]("URL")
	_ = answer[sqs.GetQueueAttributesInput, sqs.GetQueueAttributesOutput]("QueueUrl", notFound("QueueDoesNotExist", 400))
	_ = answer[sqs.ListQueueTagsInput, sqs.ListQueueTagsOutput]("QueueUrl", nil)
)
