package triage

import (
	"context"
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
)

// Bounds of a rule's condition. A condition that is refused at saving or
// stopped while it runs says so; it never slows the others down.
const (
	maxCondition = 4 << 10 // bytes of CEL
	// maxCost stops a condition on one feedback. A unit is one step of the
	// evaluation, up to 0.4 us; what a text costs is set so that a unit takes
	// no longer (costs). An ordinary condition on an ordinary text costs below
	// 50, an ordinary regular expression over the longest text 4,100.
	maxCost = 20_000
	// maxRegexSteps bounds the instructions of one regular expression: each
	// may be looked at for every byte of a text, without a stop in between.
	maxRegexSteps = 400
)

// grammar compiles conditions: CEL (https://cel.dev) over what is known of a
// feedback.
type grammar struct{ env *cel.Env }

func newGrammar() (*grammar, error) {
	text := func(names ...string) (out []cel.EnvOption) {
		for _, n := range names {
			out = append(out, cel.Variable(n, cel.StringType))
		}
		return out
	}
	opts := text("text", "title", "channel", "language", "category", "sentiment", "emotion", "severity", "area", "app_version", "url")
	opts = append(opts,
		cel.Variable("category_confidence", cel.DoubleType),
		cel.Variable("sentiment_score", cel.DoubleType),
		cel.Variable("rating", cel.DoubleType),
		cel.Variable("attrs", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("tags", cel.ListType(cel.StringType)),
		cel.Variable("author", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("security", cel.BoolType),
		cel.Variable("unsure", cel.BoolType),
		cel.Variable("imported", cel.BoolType),
		cel.Variable("alike", cel.IntType),
		cel.Variable("occurred_at", cel.TimestampType),
		cel.Variable("received_at", cel.TimestampType),
		cel.Function("lower", cel.MemberOverload(lowerOverload, []*cel.Type{cel.StringType}, cel.StringType,
			cel.UnaryBinding(func(v ref.Val) ref.Val {
				s, ok := v.(types.String)
				if !ok {
					return types.MaybeNoSuchOverloadErr(v)
				}
				return types.String(strings.ToLower(string(s)))
			}))),
		cel.CrossTypeNumericComparisons(true), // rating <= 2 as well as rating <= 2.0
		cel.ParserRecursionLimit(40),
		cel.ParserExpressionSizeLimit(maxCondition),
		cel.ExpressionNodeLimit(4_000),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateComprehensionNestingLimit(2)),
	)
	env, err := cel.NewEnv(opts...)
	if err != nil {
		return nil, fmt.Errorf("set up the language of rules: %w", err)
	}
	return &grammar{env}, nil
}

const lowerOverload = "string_lower"

// costs tells the language what calls cost that go through a whole text.
type costs struct {
	steps map[string]uint64 // instructions by regular expression
}

func (c costs) CallCost(_, overload string, args []ref.Val, _ ref.Val) *uint64 {
	if len(args) == 0 {
		return nil
	}
	text, _ := args[0].(types.String)
	size := uint64(len(text))
	var n uint64
	switch overload {
	case lowerOverload:
		n = 1 + size/100
	case overloads.Contains, overloads.ContainsString:
		n = 1 + size/500
	case overloads.Matches, overloads.MatchesString:
		pattern, _ := args[len(args)-1].(types.String)
		n = 1 + size*max(1, c.steps[string(pattern)]/16)/16
	default:
		return nil
	}
	return &n
}

// regexes checks the regular expressions of a condition and returns how many
// instructions each has. They must be written out, so that they are compiled
// once and known to be affordable.
func regexes(compiled *cel.Ast) (map[string]uint64, error) {
	steps := map[string]uint64{}
	tree := compiled.NativeRep()
	var bad error
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if bad != nil || e.Kind() != ast.CallKind || e.AsCall().FunctionName() != overloads.Matches {
			return
		}
		args := e.AsCall().Args()
		last := args[len(args)-1]
		at := tree.SourceInfo().GetStartLocation(last.ID())
		refuse := func(format string, args ...any) {
			bad = badCondition("%s", place(at, fmt.Sprintf(format, args...)))
		}
		if last.Kind() != ast.LiteralKind || last.AsLiteral().Type() != types.StringType {
			refuse("matches takes a regular expression written out in quotes, not one put together")
			return
		}
		pattern := string(last.AsLiteral().(types.String))
		tree, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			refuse("%s", oneLine(err.Error()))
			return
		}
		program, err := syntax.Compile(tree.Simplify())
		if err != nil {
			refuse("%s", oneLine(err.Error()))
			return
		}
		if n := len(program.Inst); n > maxRegexSteps {
			refuse("the regular expression has %d steps, at most %d are taken; use * and + instead of counts", n, maxRegexSteps)
			return
		}
		steps[pattern] = uint64(len(program.Inst))
	}))
	return steps, bad
}

// condition is a compiled expression; it may be used by several goroutines.
type condition struct{ program cel.Program }

// compile turns CEL into a condition. An error is for the person who wrote
// it: what is wrong, and at which line and column.
func (l *grammar) compile(source string) (*condition, error) {
	switch {
	case strings.TrimSpace(source) == "":
		return nil, badCondition("is empty; write true to match every feedback")
	case len(source) > maxCondition:
		return nil, badCondition("is %d bytes long, at most %d are taken; shorten it or make several rules", len(source), maxCondition)
	case !utf8.ValidString(source) || strings.ContainsRune(source, 0):
		return nil, badCondition("holds characters that are not text")
	}
	compiled, issues := l.env.Compile(source)
	if list := issues.Errors(); len(list) > 0 {
		return nil, badCondition("%s", describe(list[0]))
	}
	if err := issues.Err(); err != nil {
		return nil, badCondition("%s", oneLine(err.Error()))
	}
	if out := compiled.OutputType(); !out.IsExactType(cel.BoolType) && !out.IsExactType(cel.DynType) {
		return nil, badCondition("answers %s, but must answer true or false; compare it with something", out)
	}
	steps, err := regexes(compiled)
	if err != nil {
		return nil, err
	}
	program, err := l.env.Program(compiled, cel.CostLimit(maxCost), cel.CostTracking(costs{steps}), cel.InterruptCheckFrequency(100),
		cel.OptimizeRegex(interpreter.MatchesRegexOptimization))
	if err != nil {
		return nil, badCondition("%s", oneLine(err.Error()))
	}
	return &condition{program}, nil
}

func badCondition(format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	return errs.WithFields("The condition "+msg+".", errs.Field{Location: "body.when", Message: msg})
}

// describe says where and what in one sentence.
func describe(e *cel.Error) string {
	msg := strings.ReplaceAll(oneLine(e.Message), " (in container '')", "")
	if strings.HasPrefix(msg, "undeclared reference to") {
		msg += "; see the list of fields and functions"
	}
	return place(e.Location, msg)
}

func place(at common.Location, msg string) string {
	line, column := 1, 1
	if at != nil && at.Line() > 0 {
		line, column = at.Line(), at.Column()+1
	}
	return fmt.Sprintf("can't be used, line %d, column %d: %s", line, column, msg)
}

// oneLine keeps the first 300 bytes of a message as one line.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return strings.TrimSuffix(s, ".")
}

// errCost is a condition stopped for what it cost.
var errCost = errors.New("it costs too much on this text and was stopped; make it simpler")

// match asks a condition about one feedback. A key that attrs or author lack
// is no error: the condition does not hold.
func (c *condition) match(ctx context.Context, f *facts) (bool, error) {
	out, _, err := c.program.ContextEval(ctx, f)
	if err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		var stopped interpreter.EvalCancelledError
		if errors.As(err, &stopped) && stopped.Cause == interpreter.CostLimitExceeded {
			return false, errCost
		}
		if strings.HasPrefix(err.Error(), "no such key") {
			return false, nil
		}
		return false, errors.New(oneLine(err.Error()))
	}
	yes, ok := out.Value().(bool)
	if !ok {
		return false, fmt.Errorf("it answered %s, not true or false", out.Type().TypeName())
	}
	return yes, nil
}

// facts gives a condition what is known of a feedback, value by value, so
// that nothing is converted that it does not ask for.
type facts struct {
	f     *feedback.Feedback
	attrs map[string]string // of the author
}

func (v *facts) Parent() cel.Activation { return nil }

func (v *facts) ResolveName(name string) (any, bool) {
	f := v.f
	switch name {
	case "text":
		return types.String(f.Text), true
	case "title":
		return types.String(f.Title), true
	case "channel":
		return types.String(f.Channel), true
	case "language":
		return types.String(f.Language), true
	case "category":
		return types.String(f.Category), true
	case "category_confidence":
		return types.Double(f.CategoryConfidence), true
	case "sentiment":
		return types.String(f.Sentiment), true
	case "sentiment_score":
		return types.Double(f.SentimentScore), true
	case "emotion":
		return types.String(f.Emotion), true
	case "severity":
		return types.String(f.Severity), true
	case "area":
		return types.String(f.Area), true
	case "rating":
		if f.Rating == nil {
			return types.Double(0), true
		}
		return types.Double(*f.Rating), true
	case "app_version":
		return types.String(f.AppVersion), true
	case "url":
		return types.String(f.URL), true
	case "attrs":
		return orEmpty(f.Attrs), true
	case "tags":
		return f.Tags, true
	case "author":
		return map[string]any{"name": f.Author.Name, "email": f.Author.Email, "attrs": orEmpty(v.attrs)}, true
	case "security":
		return types.Bool(f.Security), true
	case "unsure":
		return types.Bool(f.Unsure), true
	case "imported":
		return types.Bool(f.ImportID != ""), true
	case "alike":
		return types.Int(f.Alike), true
	case "occurred_at":
		return types.Timestamp{Time: f.OccurredAt}, true
	case "received_at":
		return types.Timestamp{Time: f.ReceivedAt}, true
	}
	return nil, false
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
