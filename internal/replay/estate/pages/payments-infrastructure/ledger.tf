resource "aws_security_group" "ledger" {
  name        = "ledger-db"
  description = "PostgreSQL of the ledger"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "ledger" {
  security_group_id = aws_security_group.ledger.id
  description       = "PostgreSQL from payments"
  cidr_ipv4         = "[[if .During 0.30 0.44]]0.0.0.0/0[[else]]10.60.1.0/24[[end]]"
  from_port         = 5432
  to_port           = 5432
  ip_protocol       = "tcp"
}

resource "aws_db_instance" "ledger" {
  identifier     = "ledger-main"
  engine         = "postgres"
  engine_version = "17.2"
  instance_class = "db.m6g.large"

  allocated_storage           = 500
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.cards.arn
  db_subnet_group_name        = "private"
  vpc_security_group_ids      = [aws_security_group.ledger.id]
  username                    = "ledger"
  manage_master_user_password = true

  multi_az                            = true
  publicly_accessible                 = false
  backup_retention_period             = 35
  deletion_protection                 = true
  iam_database_authentication_enabled = [[if .Wrong "ledger/iam" 0.8]]false[[else]]true[[end]]
  auto_minor_version_upgrade          = [[if .Wrong "ledger/upgrades" 0.8]]false[[else]]true[[end]]
  copy_tags_to_snapshot               = true
  enabled_cloudwatch_logs_exports     = ["postgresql", "upgrade"]
}
