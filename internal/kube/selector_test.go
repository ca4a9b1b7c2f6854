package kube

import (
	"testing"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

func value(t *testing.T, text string) bulwark.Value {
	t.Helper()
	list, err := yamldoc.Decode([]byte(text), yamldoc.Options{Marks: true})
	if err != nil || len(list) != 1 {
		t.Fatalf("Decode(%q) = %v, %v", text, list, err)
	}
	return list[0]
}

func TestSelector(t *testing.T) {
	tests := []struct {
		name, selector, labels string
		want                   bool
		reason                 string
	}{
		{"empty_selects_all", "{}", "{a: b}", true, ""},
		{"empty_selects_what_has_no_labels", "{}", "null", true, ""},
		{"equal", "{matchLabels: {a: b}}", "{a: b, c: d}", true, ""},
		{"unequal", "{matchLabels: {a: b}}", "{a: c}", false, ""},
		{"missing", "{matchLabels: {a: b}}", "null", false, ""},
		{"in", "{matchExpressions: [{key: a, operator: In, values: [b, c]}]}", "{a: c}", true, ""},
		{"not_in", "{matchExpressions: [{key: a, operator: NotIn, values: [b]}]}", "{a: c}", true, ""},
		{"not_in_without_label", "{matchExpressions: [{key: a, operator: NotIn, values: [b]}]}", "{}", true, ""},
		{"not_in_but_is", "{matchExpressions: [{key: a, operator: NotIn, values: [b]}]}", "{a: b}", false, ""},
		{"exists", "{matchExpressions: [{key: a, operator: Exists}]}", "{a: ''}", true, ""},
		{"exists_not", "{matchExpressions: [{key: a, operator: DoesNotExist}]}", "{a: b}", false, ""},
		{"unknown_operator_selects_nothing", "{matchExpressions: [{key: a, operator: Near}]}", "{a: b}", false, ""},
		{"both", "{matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}]}", "{a: b}", false, ""},
		{"unknown_label", "{matchLabels: {a: b}}", "{a: !unknown template}", false, "template"},
		{"unknown_label_cannot_save", "{matchLabels: {a: b, c: d}}", "{a: !unknown template, c: e}", false, ""},
		{"unknown_wanted", "{matchLabels: {a: !unknown template}}", "{a: b}", false, "template"},
		{"unknown_selector", "!unknown denied", "{a: b}", false, "denied"},
		{"unknown_expression", "{matchExpressions: [{key: a, operator: Exists}]}", "{a: !unknown template}", false, "template"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, reason := labelSelector(value(t, tt.selector)).match(value(t, tt.labels))
			if got != tt.want || reason != tt.reason {
				t.Errorf("match = %v, %q; want %v, %q", got, reason, tt.want, tt.reason)
			}
		})
	}
}
