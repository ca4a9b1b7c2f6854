# A small web shop as many teams have it: two modules well made, a few things
# done in a hurry on a Friday, and never looked at again.

locals {
  name = "webshop-${var.environment}"
  tags = {
    Application = "webshop"
    Environment = var.environment
  }
}

module "network" {
  source = "./modules/network"

  name         = local.name
  cidr         = "10.20.0.0/16"
  zones        = ["${var.region}a", "${var.region}b"]
  admin_ranges = var.admin_ranges
}

module "bucket" {
  source   = "./modules/bucket"
  for_each = var.buckets

  name      = "${local.name}-${each.key}"
  public    = each.value.public
  versioned = each.value.versioned
  encrypted = each.value.encrypted
  keep_days = each.value.kept_years * 365
  tags      = local.tags
}

module "service" {
  source = "./modules/service"

  name       = local.name
  vpc_id     = module.network.vpc_id
  subnet_ids = module.network.public_subnet_ids
  image      = "nginx:latest"
  secrets = {
    DATABASE_URL = "postgres://shop@${aws_db_instance.orders.address}/orders"
  }
}

resource "aws_db_subnet_group" "orders" {
  name       = local.name
  subnet_ids = module.network.private_subnet_ids
}

# Reachable from the internet, not encrypted, not backed up.
resource "aws_db_instance" "orders" {
  identifier              = "${local.name}-orders"
  engine                  = "postgres"
  engine_version          = "15.4"
  instance_class          = "db.t3.medium"
  allocated_storage       = 100
  username                = "shop"
  password                = var.database_password
  db_subnet_group_name    = aws_db_subnet_group.orders.name
  publicly_accessible     = true
  storage_encrypted       = false
  backup_retention_period = 0
  skip_final_snapshot     = true
  deletion_protection     = false
  tags                    = local.tags
}

# As it should be.
resource "aws_db_instance" "customers" {
  identifier                          = "${local.name}-customers"
  engine                              = "postgres"
  engine_version                      = "16.4"
  instance_class                      = "db.t3.medium"
  allocated_storage                   = 50
  username                            = "shop"
  manage_master_user_password         = true
  db_subnet_group_name                = aws_db_subnet_group.orders.name
  publicly_accessible                 = false
  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.data.arn
  backup_retention_period             = 14
  deletion_protection                 = true
  multi_az                            = true
  auto_minor_version_upgrade          = true
  copy_tags_to_snapshot               = true
  iam_database_authentication_enabled = true
  performance_insights_enabled        = true
  performance_insights_kms_key_id     = aws_kms_key.data.arn
  enabled_cloudwatch_logs_exports     = ["postgresql", "upgrade"]
  monitoring_interval                 = 60
  monitoring_role_arn                 = aws_iam_role.monitoring.arn
  tags                                = local.tags
}

resource "aws_kms_key" "data" {
  description         = "Customers' data"
  enable_key_rotation = true
}

resource "aws_kms_key" "old" {
  description = "From before rotation was thought of"
}

resource "aws_sqs_queue" "mail" {
  name = "${local.name}-mail"
}

resource "aws_sqs_queue" "payments" {
  name              = "${local.name}-payments"
  kms_master_key_id = aws_kms_key.data.id
}

resource "aws_sns_topic" "orders" {
  name = "${local.name}-orders"
}

resource "aws_cloudtrail" "main" {
  provider = aws.logs

  name                          = local.name
  s3_bucket_name                = aws_s3_bucket.trail.id
  include_global_service_events = true
  is_multi_region_trail         = false
  enable_log_file_validation    = false
}

resource "aws_s3_bucket" "trail" {
  provider = aws.logs

  bucket = "${local.name}-trail"
}

resource "aws_s3_bucket_public_access_block" "trail" {
  provider = aws.logs

  bucket                  = aws_s3_bucket.trail.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
