package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// writeTerraform writes a tree of at least so many lines into dir, as an
// organisation has it: shared modules, and services each with a root of its own
// that calls them by for_each and count, with locals, dynamic blocks, policies
// as JSON, and resources of three clouds. It returns the lines written.
func writeTerraform(dir string, lines int) (int, error) {
	total := 0
	write := func(name string, text []byte) error {
		total += bytes.Count(text, []byte("\n"))
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, text, 0o644)
	}
	for name, text := range terraformModules {
		if err := write("modules/"+name+"/main.tf", []byte(text)); err != nil {
			return 0, err
		}
	}
	for i := 0; total < lines; i++ {
		var b bytes.Buffer
		if err := terraformRoot.Execute(&b, map[string]any{"N": i, "Public": i%7 == 0, "Open": i%5 == 0, "Plain": i%3 == 0, "Zones": i%3 + 1}); err != nil {
			return 0, err
		}
		if err := write(fmt.Sprintf("services/s%04d/main.tf", i), b.Bytes()); err != nil {
			return 0, err
		}
	}
	return total, nil
}

var terraformModules = map[string]string{
	"bucket": `variable "name" { type = string }

variable "public" {
  type    = bool
  default = false
}

variable "lifecycle_days" {
  type    = map(number)
  default = { logs = 30, data = 365 }
}

resource "aws_s3_bucket" "this" {
  bucket = var.name
  tags   = { Name = var.name, managed = "terraform" }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  count                   = var.public ? 0 : 1
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  dynamic "rule" {
    for_each = var.lifecycle_days
    content {
      id     = rule.key
      status = "Enabled"
      expiration {
        days = rule.value
      }
    }
  }
}

output "arn" { value = aws_s3_bucket.this.arn }
`,
	"network": `variable "cidr" { type = string }

variable "zones" { type = number }

variable "ingress" {
  type    = list(object({ port = number, from = string }))
  default = []
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
}

resource "aws_subnet" "this" {
  count                   = var.zones
  vpc_id                  = aws_vpc.this.id
  cidr_block              = cidrsubnet(var.cidr, 4, count.index)
  map_public_ip_on_launch = count.index == 0
}

resource "aws_security_group" "this" {
  name        = "service"
  description = "What reaches the service"
  vpc_id      = aws_vpc.this.id
  dynamic "ingress" {
    for_each = var.ingress
    content {
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      protocol    = "tcp"
      cidr_blocks = [ingress.value.from]
    }
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

output "subnets" { value = aws_subnet.this[*].id }
output "group" { value = aws_security_group.this.id }
`,
	"worker": `variable "name" { type = string }
variable "memory" { type = number }
variable "bucket" { type = string }

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = "${var.bucket}/*" },
      { Effect = "Allow", Action = "logs:*", Resource = "*" },
    ]
  })
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}

resource "aws_lambda_function" "this" {
  function_name = var.name
  role          = aws_iam_role.this.arn
  handler       = "index.handler"
  runtime       = "nodejs20.x"
  filename      = "worker.zip"
  memory_size   = var.memory
  environment {
    variables = {
      BUCKET    = var.bucket
      LOG_LEVEL = "info"
    }
  }
}
`,
}

var terraformRoot = template.Must(template.New("root").Parse(`terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region = "eu-west-1"
}

variable "environment" {
  type    = string
  default = "prod"
}

locals {
  name    = "s{{.N}}-${var.environment}"
  buckets = { data = false, logs = false, site = {{.Public}} }
  workers = { intake = 256, render = 1024 }
  tags    = { team = "team-{{.N}}", environment = var.environment }
}

module "network" {
  source = "../../modules/network"
  cidr   = "10.{{.N}}.0.0/16"
  zones  = {{.Zones}}
  ingress = [
    { port = 443, from = "0.0.0.0/0" },
    { port = 22, from = "{{if .Open}}0.0.0.0/0{{else}}10.0.0.0/8{{end}}" },
  ]
}

module "bucket" {
  source   = "../../modules/bucket"
  for_each = local.buckets
  name     = "${local.name}-${each.key}"
  public   = each.value
}

module "worker" {
  source   = "../../modules/worker"
  for_each = local.workers
  name     = "${local.name}-${each.key}"
  memory   = each.value
  bucket   = module.bucket["data"].arn
}

resource "aws_kms_key" "this" {
  description         = "Keys of ${local.name}"
  enable_key_rotation = {{not .Plain}}
}

resource "aws_db_instance" "this" {
  identifier                  = local.name
  engine                      = "postgres"
  instance_class              = "db.t4g.medium"
  allocated_storage           = 100
  username                    = "app"
  manage_master_user_password = true
  storage_encrypted           = {{not .Plain}}
  publicly_accessible         = {{.Open}}
  backup_retention_period     = {{if .Plain}}0{{else}}14{{end}}
  vpc_security_group_ids      = [module.network.group]
  tags                        = local.tags
}

resource "aws_instance" "bastion" {
  count                  = {{if .Open}}2{{else}}1{{end}}
  ami                    = "ami-0123456789abcdef0"
  instance_type          = "t3.small"
  subnet_id              = module.network.subnets[0]
  vpc_security_group_ids = [module.network.group]
  user_data              = templatestring("#!/bin/sh\necho ${"$"}{name}\n", { name = local.name })
  root_block_device {
    encrypted   = true
    volume_size = 20
  }
  tags = merge(local.tags, { Name = "bastion-${count.index}" })
}

resource "aws_sqs_queue" "jobs" {
  for_each                  = local.workers
  name                      = "${local.name}-${each.key}"
  message_retention_seconds = 86400
  kms_master_key_id         = aws_kms_key.this.arn
}

resource "azurerm_storage_account" "archive" {
  name                     = "archive{{.N}}"
  resource_group_name      = "archive"
  location                 = "westeurope"
  account_tier             = "Standard"
  account_replication_type = "GRS"
  min_tls_version          = "{{if .Plain}}TLS1_0{{else}}TLS1_2{{end}}"
}

resource "google_storage_bucket" "export" {
  name                        = "export-{{.N}}"
  location                    = "EU"
  uniform_bucket_level_access = {{not .Plain}}
}

resource "google_compute_firewall" "export" {
  name          = "export-{{.N}}"
  network       = "default"
  source_ranges = ["{{if .Open}}0.0.0.0/0{{else}}10.0.0.0/8{{end}}"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

resource "kubernetes_deployment" "web" {
  metadata {
    name   = "web-{{.N}}"
    labels = local.tags
  }
  spec {
    replicas = 2
    selector {
      match_labels = { app = "web-{{.N}}" }
    }
    template {
      metadata {
        labels = { app = "web-{{.N}}" }
      }
      spec {
        container {
          name  = "web"
          image = "registry.example.org/web:1.{{.N}}"
          security_context {
            run_as_non_root            = true
            allow_privilege_escalation = {{.Open}}
          }
        }
      }
    }
  }
}

output "queues" { value = { for k, q in aws_sqs_queue.jobs : k => q.arn } }
`))
