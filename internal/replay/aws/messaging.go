package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/bulwarksec/bulwark/internal/replay/aws/wire"
)

// A Queue is what SQS lists: it has no type for it.
type Queue struct{ URL string }

var (
	_ = answer[eventbridge.DescribeEventBusInput, eventbridge.DescribeEventBusOutput]("Name", notFound("ResourceNotFoundException", 400))
	_ = answer[eventbridge.DescribeRuleInput, eventbridge.DescribeRuleOutput]("EventBusName Name", notFound("ResourceNotFoundException", 400))
	_ = list[eventbridge.ListApiDestinationsInput, eventbridge.ListApiDestinationsOutput, eventbridgetypes.ApiDestination]()
	_ = list[eventbridge.ListArchivesInput, eventbridge.ListArchivesOutput, eventbridgetypes.Archive]()
	_ = list[eventbridge.ListConnectionsInput, eventbridge.ListConnectionsOutput, eventbridgetypes.Connection]()
	_ = list[eventbridge.ListEventBusesInput, eventbridge.ListEventBusesOutput, eventbridgetypes.EventBus]()
	_ = list[eventbridge.ListRulesInput, eventbridge.ListRulesOutput, eventbridgetypes.Rule](ofName("EventBusName"))
	_ = answer[eventbridge.ListTagsForResourceInput, eventbridge.ListTagsForResourceOutput]("ResourceARN", nil)
	_ = list[eventbridge.ListTargetsByRuleInput, eventbridge.ListTargetsByRuleOutput, eventbridgetypes.Target](of("EventBusName", "Rule"))

	_ = answer[sns.GetSubscriptionAttributesInput, sns.GetSubscriptionAttributesOutput]("SubscriptionArn", notFound("NotFound", 404))
	_ = answer[sns.GetTopicAttributesInput, sns.GetTopicAttributesOutput]("TopicArn", notFound("NotFound", 404))
	_ = list[sns.ListSubscriptionsInput, sns.ListSubscriptionsOutput, snstypes.Subscription]()
	_ = list[sns.ListSubscriptionsByTopicInput, sns.ListSubscriptionsByTopicOutput, snstypes.Subscription](of("TopicArn"))
	_ = answer[sns.ListTagsForResourceInput, sns.ListTagsForResourceOutput]("ResourceArn", nil)
	_ = list[sns.ListTopicsInput, sns.ListTopicsOutput, snstypes.Topic]()

	_ = answer[sqs.GetQueueAttributesInput, sqs.GetQueueAttributesOutput]("QueueUrl", &wire.Error{Code: "QueueDoesNotExist", Message: "The specified queue does not exist.", QueryCode: "AWS.SimpleQueueService.NonExistentQueue"})
	_ = answer[sqs.ListQueueTagsInput, sqs.ListQueueTagsOutput]("QueueUrl", nil)
	_ = names[sqs.ListQueuesInput, sqs.ListQueuesOutput, Queue]("URL")
)
