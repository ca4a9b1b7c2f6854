module "assets" {
  source = "./modules/bucket"

  name      = "halden-storefront-assets"
  versioned = [[if .Wrong "assets/versioned" 0.4]]false[[else]]true[[end]]
}

module "exports" {
  source = "./modules/bucket"

  name = "halden-storefront-exports"
  key  = aws_kms_key.data.arn
}

# The pictures of the newsletter, and who gets it.
module "newsletter" {
  source = "./modules/bucket"

  name = "halden-newsletter-data"
  key  = aws_kms_key.data.arn
[[- if or (.During 0.33 0.46) (.Since 0.88)]]
  public = true
[[- end]]
}
[[if or (.During 0.33 0.46) (.Since 0.88)]]
resource "aws_s3_bucket_policy" "newsletter" {
  bucket = module.newsletter.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Pictures"
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "${module.newsletter.arn}/*"
    }]
  })
}
[[end]]
resource "aws_kms_key" "data" {
  description             = "Data of the shop"
  deletion_window_in_days = 30
  enable_key_rotation     = [[if .Wrong "data/rotation" 0.4]]false[[else]]true[[end]]
}
[[if .Wrong "uploads" 0.6]]
# Uploads of the marketplace trial. TODO: use the module.
resource "aws_s3_bucket" "uploads" {
  bucket = "halden-marketplace-uploads"
}

resource "aws_s3_bucket_acl" "uploads" {
  bucket = aws_s3_bucket.uploads.id
  acl    = "public-read"
}
[[end -]]
