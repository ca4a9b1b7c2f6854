# The buckets, in the pieces that the provider splits them into.

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  bucket = "${local.name}-${each.key}"
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = { for name, settings in local.buckets : name => settings if settings.versioned }

  bucket = aws_s3_bucket.this[each.key].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "invoices" {
  bucket = aws_s3_bucket.this["invoices"].id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
    bucket_key_enabled = true
  }
}

# Invoices and logs are closed; the pictures were forgotten.
resource "aws_s3_bucket_public_access_block" "this" {
  for_each = toset(["invoices", "logs"])

  bucket                  = aws_s3_bucket.this[each.value].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "pictures" {
  statement {
    sid       = "Everybody"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.this["pictures"].arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

resource "aws_s3_bucket_policy" "pictures" {
  bucket = aws_s3_bucket.this["pictures"].id
  policy = data.aws_iam_policy_document.pictures.json
}

resource "aws_s3_bucket_logging" "invoices" {
  bucket        = aws_s3_bucket.this["invoices"].id
  target_bucket = aws_s3_bucket.this["logs"].id
  target_prefix = "invoices/"
}
