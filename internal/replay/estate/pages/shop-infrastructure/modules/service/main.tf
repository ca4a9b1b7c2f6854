# A service on instances behind a load balancer.

resource "aws_security_group" "front" {
  name        = "${var.name}-lb"
  description = "Customers reach the load balancer"
  vpc_id      = var.vpc_id

  ingress {
    description = "HTTPS"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [var.internal ? "10.0.0.0/8" : "0.0.0.0/0"]
  }
}

resource "aws_security_group" "app" {
  name        = "${var.name}-app"
  description = "The load balancer reaches the service"
  vpc_id      = var.vpc_id

  ingress {
    description     = "HTTPS from the load balancer"
    from_port       = 8443
    to_port         = 8443
    protocol        = "tcp"
    security_groups = [aws_security_group.front.id]
  }
[[- if .Wrong "service/debug-port" 0.35]]

  ingress {
    description = "debugging, remove afterwards"
    from_port   = 9229
    to_port     = 9229
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
[[- end]]
}

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  internal           = var.internal
  subnets            = var.subnets
  security_groups    = [aws_security_group.front.id]

  drop_invalid_header_fields = [[if .Wrong "lb/headers" 0.5]]false[[else]]true[[end]]
  enable_deletion_protection = true
[[- if not (.Wrong "lb/logs" 0.4)]]

  access_logs {
    enabled = true
    bucket  = "halden-flow-archive-data"
    prefix  = var.name
  }
[[- end]]
}

resource "aws_lb_target_group" "this" {
  name     = var.name
  port     = 8443
  protocol = "HTTPS"
  vpc_id   = var.vpc_id

  health_check {
    path     = "/healthz"
    protocol = "HTTPS"
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = var.tls_policy
  certificate_arn   = var.certificate

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_launch_template" "this" {
  name                   = var.name
  image_id               = var.image
  instance_type          = var.size
  vpc_security_group_ids = [aws_security_group.app.id]

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = var.metadata_tokens
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size = 40
      volume_type = "gp3"
      encrypted   = [[if .Wrong "service/volume-clear" 0.3]]false[[else]]true[[end]]
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                = var.name
  min_size            = 2
  max_size            = 8
  vpc_zone_identifier = var.inner_subnets
  target_group_arns   = [aws_lb_target_group.this.arn]
  health_check_type   = "ELB"

  launch_template {
    id      = aws_launch_template.this.id
    version = "$Latest"
  }
}
