module "settlement" {
  source = "./modules/queue"

  name = "settlement-orders"
  key  = aws_kms_key.cards.id
}

module "refunds" {
  source = "./modules/queue"

  name = "refunds"
[[- if not (.Wrong "refunds/key" 0.9)]]
  key  = aws_kms_key.cards.id
[[- end]]
}

resource "aws_secretsmanager_secret" "acquirer" {
  name       = "prod/settlement/acquirer"
  kms_key_id = aws_kms_key.cards.arn
}

resource "aws_secretsmanager_secret_rotation" "acquirer" {
  secret_id           = aws_secretsmanager_secret.acquirer.id
  rotation_lambda_arn = aws_lambda_function.tokenizer.arn

  rotation_rules {
    automatically_after_days = 30
  }
}

resource "aws_cloudwatch_log_group" "settlement" {
  name              = "/halden/settlement"
  retention_in_days = 400
[[- if not (.Wrong "settlement/log-key" 0.9)]]
  kms_key_id        = aws_kms_key.cards.arn
[[- end]]
}
