package tf

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// tree generates a configuration of about the given number of lines: folders of
// so many units each that call a shared module, with locals, loops, dynamic blocks and policies.
func tree(lines, units int) fstest.MapFS {
	fsys := fstest.MapFS{"modules/bucket/main.tf": {Data: []byte(`variable "name" { type = string }
variable "tags" {
  type    = map(string)
  default = {}
}
resource "aws_s3_bucket" "b" {
  bucket = var.name
  tags   = merge(var.tags, { Name = var.name })
}
resource "aws_s3_bucket_versioning" "b" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration {
    status = "Enabled"
  }
}
output "arn" { value = aws_s3_bucket.b.arn }
`)}}
	const perUnit = 62
	for n, folder := 0, 0; n < lines; folder++ {
		var b strings.Builder
		b.WriteString("provider \"aws\" {\n  region = \"eu-west-1\"\n}\nvariable \"env\" {}\n")
		for i := 0; i < units && n < lines; i, n = i+1, n+perUnit {
			fmt.Fprintf(&b, unit, i, i, i, i, i, i, i, i, i, i)
		}
		fsys[fmt.Sprintf("live/f%03d/main.tf", folder)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return fsys
}

const unit = `locals {
  name_%d  = "${var.env}-unit"
  ports_%d = [22, 80, 443]
}
module "bucket_%d" {
  source = "../../modules/bucket"
  name   = "bucket-${var.env}"
  tags = {
    team = "core"
    tier = "gold"
  }
}
resource "aws_security_group" "sg_%d" {
  name        = "sg"
  description = "A group"
  dynamic "ingress" {
    for_each = [22, 80, 443]
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_iam_role" "role_%d" {
  name = "role"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}
data "aws_iam_policy_document" "doc_%d" {
  statement {
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = ["${module.bucket_%d.arn}/*"]
  }
}
resource "aws_instance" "i_%d" {
  ami                    = "ami-12345678"
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.sg_%d.id]
  count                  = 1
  root_block_device {
    encrypted   = true
    volume_size = 20
  }
  tags = { Name = "i" }
}
output "arn_%d" { value = 1 }
`

func BenchmarkTree50000Lines(b *testing.B)   { benchmark(b, tree(50_000, 40)) }
func BenchmarkFolder50000Lines(b *testing.B) { benchmark(b, tree(50_000, 50_000)) }

func benchmark(b *testing.B, fsys fstest.MapFS) {
	b.ReportAllocs()
	var lines, resources int
	for b.Loop() {
		lines, resources = 0, 0
		roots, err := FindRoots(context.Background(), fsys, ".", Limits{})
		if err != nil {
			b.Fatal(err)
		}
		var cache Cache
		for _, root := range roots {
			res, err := Evaluate(context.Background(), fsys, root, Options{Cache: &cache})
			if err != nil {
				b.Fatal(err)
			}
			lines += res.Lines
			resources += len(res.Resources)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(resources), "resources")
}
