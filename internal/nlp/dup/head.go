package dup

import (
	"regexp"
	"strings"
)

type headStrength int

const (
	headNone      headStrength = iota
	headLog                    // a log line of an error level
	headException              // a type, with or without a message
)

// A type's name: dotted, scoped or with backslashes (PHP), and ends in what
// errors end in.
const typeName = `(?:[A-Za-z_$][\w$]*(?:\.|::|\\{1,2}))*[A-Za-z_$][\w$]*(?:Error|Exception|Fault|Panic|Failure|Warning|Interrupt|Exit)`

var (
	// "Exception in thread "main" java.io.IOException: no space", "Caused by: ...",
	// "Uncaught TypeError: x is undefined", "Unhandled exception. System.X: ...".
	reHead = regexp.MustCompile(`^(?:\[?(?:javac?|error|ERROR|err)\]?:? +)?(?:Exception in thread "[^"]*":? +|Caused by: +|Suppressed: +|(?:PHP )?(?:Fatal|Parse|Recoverable fatal) error: +(?:Uncaught +)?|(?:Uncaught|Unhandled)(?: \(in promise\))?(?: [Ee]xception[.:]?)?:? +|Unhandled Promise Rejection:? +|Error: Uncaught (?:\(in promise\):? )?|nested exception is +|---> +|error: +|E +)?(` + typeName + `)(?: \[\w+\])?(?:: *(.*)| *)$`)
	// The same inside a sentence or log line; here a message must follow.
	reInline = regexp.MustCompile(`(?:^|[\s("'\[{>])((?:[A-Za-z_$][\w$]*(?:\.|::|\\{1,2}))*[A-Z][\w$]*(?:Error|Exception))(?: \[\w+\])?: +(\S.*)$`)
	rePanic  = regexp.MustCompile(`^(?:panic|fatal error): +(.+)$`)
	reRust   = regexp.MustCompile(`^thread '[^']*'(?: \(\d+\))? panicked at (?:'(.*)', \S+:\d+:\d+|\S+:\d+:\d+:?)$`)
	reRuby   = regexp.MustCompile(`^\S+\.rb:\d+:in ['` + "`" + `][^']*': (.*?)(?: \(([A-Z][\w:]*)\))$`)
	// Log lines: optional time, pid and logger around a level word.
	reLog     = regexp.MustCompile(`^(?:[\[(]?(?:\d{4}-\d\d-\d\d|\d\d/\d\d/\d{2,4}|\d\d:\d\d|[A-Z][a-z]{2} +\d{1,2})[^A-Za-z]{0,30}(?:Z|UTC|[AP]M)?[\])]?[ ,]*)?(?:[\w.-]+(?:\[\d+\])?:? )?[\[(<]?(ERROR|FATAL|CRITICAL|SEVERE|ALERT|EMERG|PANIC)\b[\])>]?[:\s-]+(.+)$`)
	reLogcat  = regexp.MustCompile(`^(?:[\d-]+ [\d:.]+ +)?(?:\d+[- ]+\d+(?:/\S+)? +)?[EF]/([\w.$-]+) *(?:\( *\d+\))?: +(.+)$`)
	reKV      = regexp.MustCompile(`\blevel"?[=:]"?(?:error|fatal|critical|panic)"?\b.*?\b(?:msg|message)"?[=:]"?((?:[^"\\]|\\.)+)`)
	reLogLead = regexp.MustCompile(`^(?:\[[^\]]{0,80}\] *|\([^)]{0,40}\) *|(?:[a-z][\w$]*\.)+[\w$]+(?:\(\d+\))?[:\s-]+)+`)
)

// parseHead reads a line that names an error: its canonical type and its
// normalised message.
func parseHead(s string) (kind, message string, strength headStrength) {
	if m := reHead.FindStringSubmatch(s); m != nil {
		if m[2] == "" && !strings.ContainsAny(m[1], ".:\\") && !strings.HasPrefix(s, "Caused") && len(m[1]) == len(s) && isPlainWord(m[1]) {
			return "", "", headNone // the bare word "Error" or "Warning" is a heading
		}
		return shortType(m[1]), normalMessage(m[2]), headException
	}
	if m := rePanic.FindStringSubmatch(s); m != nil {
		return "panic", normalMessage(m[1]), headException
	}
	if m := reRust.FindStringSubmatch(s); m != nil {
		return "panic", normalMessage(m[1]), headException
	}
	if m := reRuby.FindStringSubmatch(s); m != nil {
		return shortType(m[2]), normalMessage(m[1]), headException
	}
	if strings.Contains(s, "Error: ") || strings.Contains(s, "Exception: ") {
		if m := reInline.FindStringSubmatch(s); m != nil {
			return shortType(m[1]), normalMessage(m[2]), headException
		}
	}
	if m := reLog.FindStringSubmatch(s); m != nil {
		return "log", normalMessage(reLogLead.ReplaceAllString(m[2], "")), headLog
	}
	if m := reLogcat.FindStringSubmatch(s); m != nil {
		return "log " + m[1], normalMessage(m[2]), headLog
	}
	if strings.Contains(s, "level") {
		if m := reKV.FindStringSubmatch(s); m != nil {
			return "log", normalMessage(m[1]), headLog
		}
	}
	return "", "", headNone
}

func isPlainWord(s string) bool {
	for i := 1; i < len(s); i++ {
		if isUpper(s[i]) {
			return false
		}
	}
	return true
}

// shortType drops the packages of a type: java.io.IOException and
// IOException are the same error told by two loggers.
func shortType(t string) string {
	if i := strings.LastIndexAny(t, ".:\\"); i >= 0 {
		t = t[i+1:]
	}
	return t
}

var (
	reURL     = regexp.MustCompile(`\b[a-zA-Z][a-zA-Z+.-]*://[^\s"'<>)]+`)
	reMail    = regexp.MustCompile(`<email>|[\w.+-]+@[\w-]+\.[\w.-]+`)
	reUUID    = regexp.MustCompile(`\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b`)
	rePath    = regexp.MustCompile(`(?:[A-Za-z]:)?(?:[\\/][\w.$@+%~-]+){2,}[\\/]?`)
	reQuoted  = regexp.MustCompile(`"[^"]*"|'[^']*'|` + "`[^`]*`" + `|“[^”]*”|‘[^’]*’`)
	reHexNum  = regexp.MustCompile(`\b(?:ORA|PLS|TNS|SQL|SQLSTATE|ERR|HTTP|TS|CS|NU|MSB|AADSTS|LNK|DB2)[-_ ]?\d{2,6}\b|\b(?:0x[0-9a-fA-F]+|[0-9a-fA-F]*\d[0-9a-fA-F]*)\b|\b\w*\d\w*\b|[+-]?\d+(?:[.,:]\d+)*`)
	reSpace   = regexp.MustCompile(`[\s\pZ]+`)
	reStars   = regexp.MustCompile(`\*(?:[\s,.:;=/_@-]*\*)+`)
	reIdent   = regexp.MustCompile(`^.[A-Za-z_$][A-Za-z_.$]{0,60}.$`)
	reIsCode  = regexp.MustCompile(`^(?:(?:ORA|PLS|TNS|SQL|SQLSTATE|ERR|HTTP|TS|CS|NU|MSB|AADSTS|LNK|DB2)[-_ ]?\d{2,6}|0x[0-9a-fA-F]{8}|E\d{3,6}|[45]\d\d)$`)
	maxMsgLen = 160
)

// normalMessage drops from a message what differs between two runs: numbers,
// ids, addresses, paths, quoted values. Quoted identifiers (reading 'user')
// and error codes (ORA-00942, 0x80070005, 503) stay, they name the error.
func normalMessage(s string) string {
	if len(s) > 1000 {
		s = s[:1000]
	}
	s = strings.ToValidUTF8(s, "")
	s = reURL.ReplaceAllString(s, "*")
	s = reMail.ReplaceAllString(s, "*")
	s = reUUID.ReplaceAllString(s, "*")
	s = rePath.ReplaceAllString(s, "*")
	s = reQuoted.ReplaceAllStringFunc(s, func(q string) string {
		if reIdent.MatchString(q) {
			return q
		}
		return "*"
	})
	s = reHexNum.ReplaceAllStringFunc(s, func(n string) string {
		if reIsCode.MatchString(n) {
			return n
		}
		return "*"
	})
	s = reStars.ReplaceAllString(s, "*")
	s = strings.TrimSpace(reSpace.ReplaceAllString(s, " "))
	if len(s) > maxMsgLen {
		s = strings.ToValidUTF8(s[:maxMsgLen], "")
	}
	return strings.ToLower(s)
}
