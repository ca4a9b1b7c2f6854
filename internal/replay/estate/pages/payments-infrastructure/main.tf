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
  region              = "eu-west-1"
  allowed_account_ids = ["856613290427"]

  default_tags {
    tags = local.tags
  }
}

variable "vpc_id" {
  type    = string
  default = "vpc-0[[.Hex 16 "vpc"]]"
}

variable "private_subnets" {
  type    = list(string)
  default = ["subnet-0[[.Hex 16 "a"]]", "subnet-0[[.Hex 16 "b"]]"]
}

locals {
  tags = {
    owner               = "payments"
    environment         = "production"
    data-classification = "cardholder"
  }
}

resource "aws_kms_key" "cards" {
  description             = "Card data, at rest"
  deletion_window_in_days = 30
  enable_key_rotation     = true
}

resource "aws_kms_alias" "cards" {
  name          = "alias/cards"
  target_key_id = aws_kms_key.cards.key_id
}

resource "aws_cloudtrail" "payments" {
  name                       = "payments"
  s3_bucket_name             = aws_s3_bucket.audit.id
  is_multi_region_trail      = true
  enable_log_file_validation = [[if .Wrong "trail/validation" 0.6]]false[[else]]true[[end]]
[[- if not (.Wrong "trail/key" 0.7)]]
  kms_key_id                 = aws_kms_key.cards.arn
[[- end]]
}

resource "aws_s3_bucket" "audit" {
  bucket = "halden-payments-audit"
}

resource "aws_s3_bucket_public_access_block" "audit" {
  bucket                  = aws_s3_bucket.audit.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "audit" {
  bucket = aws_s3_bucket.audit.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "audit" {
  bucket = aws_s3_bucket.audit.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.cards.arn
    }
  }
}
