// Package triage reads feedback: a visible pipeline of stages (language,
// sentiment, category, duplicates, severity, rules), the ledger of what was
// decided with what people corrected, and the rules they wrote. What a text
// means is the engine's business (nlp); what is done about it is decided here
// and never without a reason.
package triage
