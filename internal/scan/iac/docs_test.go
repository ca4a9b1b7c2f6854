package iac

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestDocs loads the example of docs/formats/type.md and maps code with it, so
// that the page says what is so.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../../docs/formats/type.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, found := strings.Cut(rest, "```\n")
	if !found {
		t.Fatal("the page has no example")
	}
	types := typesOf(t, fstest.MapFS{"types/aws/AWS.Shop.Till.yaml": {Data: []byte(example)}})
	list := gather(t, Options{Types: types, FS: fstest.MapFS{"main.tf": {Data: []byte(`
resource "shop_till" "t" {
  name     = "front"
  size     = "2"
  private  = true
  protocol = "6"
  drawer   {}
  policy   = jsonencode({ Open = true })
  code     = "1234"
  labels   = { place = "door" }
  tags     = { a = "b" }
  rule {
    port    = 1
    sources = ["x", "y"]
  }
  vault { id = "front" }
}
resource "shop_till" "toy" { kind = "toy" }
resource "shop_till_rule" "r" {
  till      = shop_till.t.id
  direction = "out"
  port      = 2
  sources   = ["z"]
}
resource "shop_till_option" "o" {
  till = "front"
  name = "n"
}
resource "shop_till_option" "v" {
  till  = "front"
  name  = "n"
  value = "v"
}
`)}}})
	if len(list) != 2 || list[0].Asset == nil {
		t.Fatalf("got %s, want one asset", printGathered(list))
	}
	want := `{"TillName":"front","Size":2,"Shared":false,"Mode":"One","Protocol":"tcp","HasDrawer":true,"Made":"by hand","Full":"front-till",` +
		`"Policy":{"Open":true},"Code":{"$secret":["till-code",""]},"Labels":{"place":"door"},"Rules":[{"Port":1,"From":"x"},{"Port":1,"From":"y"}],` +
		`"Tags":[{"Key":"a","Value":"b"}],"Vault":"front","Out":[{"Port":2,"From":"z"}],"Options":[{"Name":"n","Value":"v"}]}`
	if diff := gocmp.Diff(want, list[0].Asset.Properties.String()); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}
