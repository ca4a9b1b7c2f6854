package expr_test

import (
	"fmt"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/expr"
)

// Expressions over free variables, as mappings of infrastructure code use
// them.
func ExampleEnv_Free() {
	env, err := expr.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	scope := env.Free("resource")
	p, problems := scope.Compile(bulwark.Expr{Text: `resource.ports.filter(p, p > 1024).map(p, string(p))`})
	if len(problems) > 0 {
		fmt.Println(problems)
		return
	}
	resource, err := bulwark.DecodeJSON([]byte(`{"ports":[22,8080]}`), bulwark.DecodeOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var run expr.Run
	run.ResetFree(scope, map[string]bulwark.Value{"resource": resource}, time.Time{})
	fmt.Println(p.Eval(&run))
	// Output: ["8080"]
}
