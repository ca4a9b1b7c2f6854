terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}

variable "region" {
  type        = string
  description = "Region of the shop."
  default     = "eu-central-1"
}

variable "environment" {
  type        = string
  description = "Name of the environment, part of every name."
  default     = "production"
}

locals {
  name = "webshop-${var.environment}"
  tags = {
    Service     = "webshop"
    Environment = var.environment
  }
  buckets = {
    pictures = { versioned = true }
    invoices = { versioned = false }
    logs     = { versioned = false }
  }
}

data "aws_caller_identity" "current" {}

module "network" {
  source = "./modules/network"

  name = local.name
  cidr = "10.20.0.0/16"
  # The office moved and nobody knew its new address.
  administrators = ["0.0.0.0/0"]
}

module "shop" {
  source = "./modules/shop"

  name              = local.name
  subnet_id         = module.network.subnet_ids[0]
  database_subnets  = module.network.subnet_ids
  server_group_id   = module.network.server_group_id
  database_group_id = module.network.database_group_id
  database_public   = true
  pictures_bucket   = aws_s3_bucket.this["pictures"].id
}

# A key that is never rotated.
resource "aws_kms_key" "this" {
  description         = "Invoices and queues of ${local.name}"
  enable_key_rotation = false
}

resource "aws_sqs_queue" "orders" {
  name                      = "${local.name}-orders"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = false
}

resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Partners"
      Effect    = "Allow"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.orders.arn
    }]
  })
}

resource "aws_cloudtrail" "this" {
  name                       = local.name
  s3_bucket_name             = aws_s3_bucket.this["logs"].id
  is_multi_region_trail      = false
  enable_log_file_validation = false
}
