package gateway

import (
	"errors"
	"fmt"
	"net/url"
	"regexp/syntax"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// Bounds of a condition: it runs for every request of its route.
const (
	maxCondition = 4 << 10 // bytes of CEL
	// maxConditionCost stops a condition; a unit is one step of the evaluation,
	// or 16 instructions of a regular expression on a byte.
	maxConditionCost = 20_000
	maxRegexSteps    = 400
)

// condition is a compiled expression in CEL (https://cel.dev) over a request.
// One that can't be worked out does not hold.
type condition struct{ program cel.Program }

// conditionEnv is what conditions can name.
var conditionEnv = sync.OnceValues(func() (*cel.Env, error) {
	words := cel.MapType(cel.StringType, cel.StringType)
	opts := []cel.EnvOption{
		cel.Variable("headers", words), cel.Variable("query", words), cel.Variable("params", words),
		cel.ParserRecursionLimit(40), cel.ParserExpressionSizeLimit(maxCondition), cel.ExpressionNodeLimit(2_000),
		cel.ASTValidators(cel.ValidateComprehensionNestingLimit(1)),
	}
	for _, name := range []string{"method", "path", "host", "client", "user", "session", "application", "plan"} {
		opts = append(opts, cel.Variable(name, cel.StringType))
	}
	return cel.NewEnv(opts...)
})

// compileCondition reads a condition; "" is nil, which always holds.
func compileCondition(source string) (*condition, error) {
	if strings.TrimSpace(source) == "" {
		return nil, nil
	}
	env, err := conditionEnv()
	if err != nil {
		return nil, fmt.Errorf("set up the language of conditions: %w", err)
	}
	compiled, issues := env.Compile(source)
	if list := issues.Errors(); len(list) > 0 {
		e := list[0]
		return nil, fmt.Errorf("this condition can't be used, line %d, column %d: %s", e.Location.Line(), e.Location.Column()+1,
			strings.ReplaceAll(firstLineOf(e.Message), " (in container '')", ""))
	}
	if err := issues.Err(); err != nil {
		return nil, err
	}
	if out := compiled.OutputType(); !out.IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("this condition answers %s, but must answer true or false; compare it with something", out)
	}
	steps, err := regexSteps(compiled)
	if err != nil {
		return nil, err
	}
	program, err := env.Program(compiled, cel.CostLimit(maxConditionCost), cel.CostTracking(matchCosts(steps)), cel.OptimizeRegex(interpreter.MatchesRegexOptimization))
	if err != nil {
		return nil, err
	}
	return &condition{program}, nil
}

// regexSteps wants the regular expressions of a condition written out, so that
// they are compiled once and known to be affordable; it returns their sizes.
func regexSteps(compiled *cel.Ast) (map[string]uint64, error) {
	steps := map[string]uint64{}
	var bad error
	ast.PostOrderVisit(compiled.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if bad != nil || e.Kind() != ast.CallKind || e.AsCall().FunctionName() != overloads.Matches {
			return
		}
		args := e.AsCall().Args()
		last := args[len(args)-1]
		if last.Kind() != ast.LiteralKind || last.AsLiteral().Type() != types.StringType {
			bad = errors.New("matches takes a regular expression written out in quotes, not one put together")
			return
		}
		pattern, _ := last.AsLiteral().Value().(string)
		tree, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			bad = fmt.Errorf("%q is no regular expression (RE2): %w", pattern, err)
			return
		}
		program, err := syntax.Compile(tree.Simplify())
		if err != nil {
			bad = fmt.Errorf("%q is no regular expression (RE2): %w", pattern, err)
			return
		}
		if len(program.Inst) > maxRegexSteps {
			bad = fmt.Errorf("the regular expression %q has %d steps, at most %d are taken; use * and + instead of counts", pattern, len(program.Inst), maxRegexSteps)
		}
		steps[pattern] = uint64(len(program.Inst))
	}))
	return steps, bad
}

// matchCosts tells the language what a regular expression costs on a text.
type matchCosts map[string]uint64

// CallCost implements interpreter.ActualCostEstimator.
func (c matchCosts) CallCost(_, overload string, args []ref.Val, _ ref.Val) *uint64 {
	if len(args) < 2 || overload != overloads.Matches && overload != overloads.MatchesString {
		return nil
	}
	text, _ := args[0].(types.String)
	pattern, _ := args[len(args)-1].(types.String)
	n := 1 + uint64(len(text))*max(1, c[string(pattern)]/16)/16
	return &n
}

// holds reports whether the condition is true of a request.
func (c *condition) holds(x *Exchange, params []string) bool {
	if c == nil {
		return true
	}
	out, _, err := c.program.Eval(&facts{x: x, params: params})
	if err != nil {
		return false
	}
	yes, _ := out.Value().(bool)
	return yes
}

// facts gives a condition what is known of a request, value by value, so that
// nothing is converted that it does not ask for.
type facts struct {
	x      *Exchange
	params []string
}

// Parent implements cel.Activation.
func (*facts) Parent() cel.Activation { return nil }

// ResolveName implements cel.Activation.
func (f *facts) ResolveName(name string) (any, bool) {
	x := f.x
	switch name {
	case "headers":
		m := make(map[string]string, len(x.Fields))
		for _, fd := range x.Fields {
			k := strings.ToLower(string(fd.Name))
			if v, ok := m[k]; ok {
				m[k] = v + ", " + string(fd.Value)
			} else {
				m[k] = string(fd.Value)
			}
		}
		return m, true
	case "query":
		m := map[string]string{}
		values, _ := url.ParseQuery(string(x.Query))
		for k, v := range values {
			m[k] = v[0]
		}
		return m, true
	case "params":
		m := make(map[string]string, len(f.params))
		for _, n := range f.params {
			m[n] = x.word("path."+n, f.params)
		}
		return m, true
	}
	return x.word(name, f.params), true
}
