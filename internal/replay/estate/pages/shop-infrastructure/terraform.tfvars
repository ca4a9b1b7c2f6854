environment = "production"
cidr        = "10.50.0.0/16"
certificate = "arn:aws:acm:eu-west-1:740028815536:certificate/7c1d8a52-6f0e-4b39-a2c4-90d5be1f7e36"
[[if or (.During 0.20 0.26) (.During 0.70 0.78)]]
# For the release weekend only.
administered_from = ["0.0.0.0/0"]
[[else]]
administered_from = ["10.40.1.0/24"]
[[end]]
images = {
  storefront   = "ami-0[[.Hex 16 "storefront"]]"
  search       = "ami-0[[.Hex 16 "search"]]"
  price-engine = "ami-0[[.Hex 16 "prices"]]"
}
