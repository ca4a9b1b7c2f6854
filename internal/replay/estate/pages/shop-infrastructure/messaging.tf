resource "aws_sqs_queue" "orders" {
  name                      = "storefront-orders"
  message_retention_seconds = 345600
  sqs_managed_sse_enabled   = [[if .Wrong "orders/clear" 0.3]]false[[else]]true[[end]]

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "dead" {
  name                    = "storefront-dead"
  sqs_managed_sse_enabled = true
}
[[if .Wrong "orders/open" 0.4]]
resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Partners"
      Effect    = "Allow"
      Principal = "*"
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.orders.arn
    }]
  })
}
[[end]]
resource "aws_sns_topic" "events" {
  name = "storefront-events"
[[- if not (.Wrong "events/clear" 0.5)]]
  kms_master_key_id = aws_kms_key.data.id
[[- end]]
}

resource "aws_cloudwatch_log_group" "storefront" {
  name = "/halden/storefront"
[[- if not (.Wrong "logs/retention" 0.4)]]
  retention_in_days = 400
[[- end]]
}

resource "aws_ecr_repository" "service" {
  for_each = toset(["storefront", "search", "price-engine", "loyalty"])

  name                 = "halden/${each.key}"
  image_tag_mutability = "[[if .Wrong "images/mutable" 0.5]]MUTABLE[[else]]IMMUTABLE[[end]]"

  image_scanning_configuration {
    scan_on_push = true
  }
}
