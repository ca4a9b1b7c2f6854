variable "name" { type = string }

variable "key" {
  type        = string
  default     = null
  description = "Key of the messages; without one they lie unencrypted."
}

resource "aws_sqs_queue" "this" {
  name                    = var.name
  kms_master_key_id       = var.key
  sqs_managed_sse_enabled = var.key == null ? false : null
}

output "arn" { value = aws_sqs_queue.this.arn }
