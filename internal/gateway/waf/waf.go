// Package waf judges requests by the OWASP Core Rule Set, run by Coraza. An
// engine is compiled when it is first asked for, one for each paranoia level,
// and shared by all who use that level: it takes a quarter of a second and
// some 20 MB. It knows no gateway and answers nothing by itself: it tells which
// rules matched and how bad that is.
package waf

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	coreruleset "github.com/corazawaf/coraza-coreruleset/v4"
	"github.com/corazawaf/coraza/v3"
	"github.com/corazawaf/coraza/v3/types"
)

// MaxBody is the most of a body that is looked at, in bytes.
const MaxBody = 1 << 20

// Levels are the paranoia levels of the rule set: more rules, and more that is
// taken for an attack and is none.
const (
	MinLevel = 1
	MaxLevel = 4
)

// directives configure Coraza. It only detects: who asks decides by the score.
// Bodies never leave the memory; nothing is logged by it. The rule set's own
// defaults are for web pages, an API has more methods and media types.
const directives = `
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRequestBodyLimit %[2]d
SecRequestBodyInMemoryLimit %[2]d
SecRequestBodyLimitAction ProcessPartial
SecResponseBodyAccess Off
SecAuditEngine Off
SecRule REQUEST_HEADERS:Content-Type "^(?:application(?:/soap\+|/)|text/)xml" "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "^application/(?:[a-z0-9.-]+\+)?json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,t:none,pass,log,msg:'The body is not what its type says',severity:2"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:200003,phase:2,t:none,pass,log,msg:'The multipart body is malformed',severity:2"
SecAction "id:900000,phase:1,pass,t:none,nolog,setvar:tx.blocking_paranoia_level=%[1]d,setvar:tx.detection_paranoia_level=%[1]d"
SecAction "id:900200,phase:1,pass,t:none,nolog,setvar:'tx.allowed_methods=GET HEAD POST OPTIONS PUT PATCH DELETE'"
SecAction "id:900220,phase:1,pass,t:none,nolog,setvar:'tx.allowed_request_content_type=|application/x-www-form-urlencoded| |multipart/form-data| |multipart/related| |text/xml| |application/xml| |application/soap+xml| |application/json| |application/cloudevents+json| |application/cloudevents-batch+json| |application/json-patch+json| |application/merge-patch+json| |application/ld+json| |application/hal+json| |application/vnd.api+json| |application/graphql+json| |application/x-ndjson| |application/octet-stream| |text/plain| |text/csv|'"
Include @crs-setup.conf.example
`

// files of the rule set that look at requests, in its order.
var files = []string{
	"REQUEST-901-INITIALIZATION", "REQUEST-905-COMMON-EXCEPTIONS", "REQUEST-911-METHOD-ENFORCEMENT", "REQUEST-913-SCANNER-DETECTION",
	"REQUEST-920-PROTOCOL-ENFORCEMENT", "REQUEST-921-PROTOCOL-ATTACK", "REQUEST-922-MULTIPART-ATTACK", "REQUEST-930-APPLICATION-ATTACK-LFI",
	"REQUEST-931-APPLICATION-ATTACK-RFI", "REQUEST-932-APPLICATION-ATTACK-RCE", "REQUEST-933-APPLICATION-ATTACK-PHP", "REQUEST-934-APPLICATION-ATTACK-GENERIC",
	"REQUEST-941-APPLICATION-ATTACK-XSS", "REQUEST-942-APPLICATION-ATTACK-SQLI", "REQUEST-943-APPLICATION-ATTACK-SESSION-FIXATION", "REQUEST-944-APPLICATION-ATTACK-JAVA",
}

// Engine is a compiled rule set; it may be used by many at once.
type Engine struct{ waf coraza.WAF }

// engines are compiled once for the process, by level.
var engines [MaxLevel + 1]struct {
	once   sync.Once
	engine *Engine
	err    error
}

// Get returns the engine of a paranoia level and compiles it the first time.
func Get(level int) (*Engine, error) {
	if level < MinLevel || level > MaxLevel {
		return nil, fmt.Errorf("there is no paranoia level %d; use %d to %d", level, MinLevel, MaxLevel)
	}
	e := &engines[level]
	e.once.Do(func() { e.engine, e.err = compile(level) })
	return e.engine, e.err
}

func compile(level int) (*Engine, error) {
	text := fmt.Sprintf(directives, level, MaxBody)
	for _, f := range files {
		text += "Include @owasp_crs/" + f + ".conf\n"
	}
	w, err := coraza.NewWAF(coraza.NewWAFConfig().WithRootFS(coreruleset.FS).WithDirectives(text))
	if err != nil {
		return nil, fmt.Errorf("compile the core rule set for paranoia level %d: %w", level, err)
	}
	return &Engine{w}, nil
}

// Request is what is judged.
type Request struct {
	Method, Target, Proto string
	Host                  string
	Client                string // address
	Fields                func(yield func(name, value string) bool)
	Body                  []byte
}

// Match is a rule that matched.
type Match struct {
	ID       int
	Message  string
	Severity int // score that it adds: 5 critical, 4 error, 3 warning, 2 notice
}

// String is the match for a log.
func (m Match) String() string { return strconv.Itoa(m.ID) + " " + m.Message }

// Verdict is what the rules say.
type Verdict struct {
	Score   int // anomaly score: of all matches together
	Matches []Match
}

// Judge holds a request against the rules, but for those that are excluded.
func (e *Engine) Judge(r Request, exclude []int) (v Verdict, err error) {
	tx := e.waf.NewTransaction()
	defer func() {
		if p := recover(); p != nil { // of the library, on input that nobody foresaw
			err = fmt.Errorf("check a request: %v", p)
		}
		if cerr := tx.Close(); cerr != nil && err == nil {
			err = fmt.Errorf("end the check of a request: %w", cerr)
		}
	}()
	tx.ProcessConnection(r.Client, 0, "", 0)
	tx.ProcessURI(r.Target, r.Method, r.Proto)
	tx.SetServerName(r.Host)
	tx.AddRequestHeader("Host", r.Host)
	for name, value := range r.Fields {
		tx.AddRequestHeader(name, value)
	}
	tx.ProcessRequestHeaders()
	if len(r.Body) > 0 {
		if _, _, err := tx.WriteRequestBody(r.Body[:min(len(r.Body), MaxBody)]); err != nil {
			return v, fmt.Errorf("check a body: %w", err)
		}
	}
	if _, err := tx.ProcessRequestBody(); err != nil {
		return v, fmt.Errorf("check a body: %w", err)
	}
	for _, m := range tx.MatchedRules() {
		rule := m.Rule()
		score := scoreOf(rule.Severity())
		if score == 0 || m.Message() == "" || slices.Contains(exclude, rule.ID()) {
			continue
		}
		v.Matches = append(v.Matches, Match{ID: rule.ID(), Message: m.Message(), Severity: score})
		v.Score += score
	}
	return v, nil
}

// scoreOf is what the rule set adds for a severity (its tx.*_anomaly_score).
func scoreOf(s types.RuleSeverity) int {
	switch s {
	case types.RuleSeverityEmergency, types.RuleSeverityAlert, types.RuleSeverityCritical:
		return 5
	case types.RuleSeverityError:
		return 4
	case types.RuleSeverityWarning:
		return 3
	case types.RuleSeverityNotice:
		return 2
	}
	return 0
}
