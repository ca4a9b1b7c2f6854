package kubernetes

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
)

// column is one of a table.
type column struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Format      string `json:"format"`
	Description string `json:"description"`
	Priority    int    `json:"priority"`

	cell func(o *object, now time.Time) any
}

var (
	nameColumn = column{Name: "Name", Type: "string", Format: "name", Description: "what the object is called", cell: func(o *object, _ time.Time) any { return o.name }}
	ageColumn  = column{Name: "Age", Type: "string", Description: "how long ago the object was made", cell: age}
)

// columnsOf returns the columns of a kind. Those of kinds that are not told
// here are fewer than a real server's: the name and the age.
func columnsOf(k *kind) []column {
	name := k.qualified()
	last := ageColumn
	if k.custom {
		last.Type = "date"
	}
	return slices.Concat([]column{nameColumn}, special[name], []column{last}, wide[name])
}

// special are the columns between name and age. Source: the tables of a v1.34.4
// server; of services and deployments it has a few more.
var special = map[string][]column{
	"configmaps":       {col("Data", count("data"))},
	"namespaces":       {col("Status", path("status", "phase"))},
	"secrets":          {col("Type", path("type")), col("Data", count("data"))},
	"serviceaccounts":  {col("Secrets", count("secrets"))},
	"services":         {col("Type", path("spec", "type")), col("Cluster-IP", path("spec", "clusterIP"))},
	"pods":             {col("Ready", ready), col("Status", path("status", "phase")), col("Restarts", restarts)},
	"deployments.apps": {col("Ready", replicas), col("Up-to-date", number("status", "updatedReplicas")), col("Available", number("status", "availableReplicas"))},
}

// wide are the columns after the age, which only wide output shows.
var wide = map[string][]column{
	"pods": {wideCol("IP", path("status", "podIP")), wideCol("Node", path("spec", "nodeName")), wideCol("Nominated Node", path("status", "nominatedNodeName")),
		wideCol("Readiness Gates", path())},
}

func wideCol(name string, c cell) column {
	x := col(name, func(o *object, now time.Time) any {
		if v := c(o, now); v != "" {
			return v
		}
		return "<none>"
	})
	x.Priority = 1
	return x
}

type cell = func(o *object, now time.Time) any

func col(name string, c cell) column {
	return column{Name: name, Type: "string", Description: name + " of the object", cell: c}
}

func age(o *object, now time.Time) any {
	made, err := time.Parse(time.RFC3339, text(o.body, "metadata", "creationTimestamp"))
	if err != nil {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(made))
}

func path(names ...string) cell {
	return func(o *object, _ time.Time) any { return text(o.body, names...) }
}

func count(names ...string) cell {
	return func(o *object, _ time.Time) any {
		switch v := at(o.body, names...).(type) {
		case map[string]any:
			return len(v)
		case []any:
			return len(v)
		}
		return 0
	}
}

func number(names ...string) cell {
	return func(o *object, _ time.Time) any { return integer(o, names...) }
}

func integer(o *object, names ...string) int64 {
	n, _ := at(o.body, names...).(json.Number)
	i, _ := n.Int64()
	return i
}

func ready(o *object, _ time.Time) any {
	containers, _ := at(o.body, "spec", "containers").([]any)
	n := 0
	each(o, func(status any) {
		if at(status, "ready") == true {
			n++
		}
	})
	return fmt.Sprintf("%d/%d", n, len(containers))
}

func restarts(o *object, _ time.Time) any {
	var n int64
	each(o, func(status any) {
		x, _ := at(status, "restartCount").(json.Number)
		i, _ := x.Int64()
		n += i
	})
	return fmt.Sprint(n)
}

func each(o *object, do func(status any)) {
	list, _ := at(o.body, "status", "containerStatuses").([]any)
	for _, s := range list {
		do(s)
	}
}

func replicas(o *object, _ time.Time) any {
	return fmt.Sprintf("%d/%d", integer(o, "status", "readyReplicas"), integer(o, "spec", "replicas"))
}
