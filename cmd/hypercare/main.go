// Command hypercare is the whole product: server, command line and tools.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // zones on machines that have none
)

// version is set by the linker at release.
var version = "dev"

// streams are what a command reads and writes.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// command is one sub-command; each is a file of its own.
type command struct {
	name, args, short string
	run               func(ctx context.Context, args []string, io streams) error
}

func commands() []command {
	return []command{
		{"serve", "", "start the server", serve},
		{"demo", "", "show everything with a sample shop, its traffic, faults and reports", demonstrate},
		{"import", "FILE --launch L", "import feedback from a file", importFile},
		{"note", "\"TEXT\"|- [--launch L]", "note what you see as a report", takeNote},
		{"triage", "[FILE|-]", "read feedback from JSONL or CSV and print what it means, one JSON a line", triageFile},
		{"duplicates", "FILE", "print for each row the earlier rows most like it", duplicates},
		{"apply", "-f gateway.yaml", "publish a document, or an OpenAPI document, on the gateway", apply},
		{"export", "", "print what is published on the gateway", export},
		{"rollback", "[NUMBER]", "bring an earlier publication on the gateway into force again", rollback},
		{"calls", "[QUERY]", "search, follow, export or erase the gateway's calls", calls},
		{"tail", "--file F --url U --key K", "follow another gateway's access log and send its lines as calls", tailFile},
		{"rollout", "list|start|show|promote|abort", "bring a new version into service, step by step", rollouts},
		{"token", "create --role R --name N", "make an API token", token},
		{"eval", "", "measure the offline engine on labelled data", evaluate},
		{"openapi", "", "print the API's OpenAPI 3.1 document", openapi},
		{"version", "", "print the version", func(_ context.Context, _ []string, io streams) error {
			_, err := fmt.Fprintln(io.out, version)
			return err
		}},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	io := streams{os.Stdin, os.Stdout, os.Stderr}
	err := run(ctx, os.Args[1:], io)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	default:
		_, _ = fmt.Fprintln(io.err, "hypercare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, io streams) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(io.out)
		return nil
	}
	list := commands()
	i := slices.IndexFunc(list, func(c command) bool { return c.name == args[0] })
	if i < 0 {
		usage(io.err)
		return fmt.Errorf("there is no command %q", args[0])
	}
	return list[i].run(ctx, args[1:], io)
}

func usage(w io.Writer) {
	var b strings.Builder
	b.WriteString("hypercare: feedback in, ranked issues out\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  hypercare %-38s %s\n", c.name+" "+c.args, c.short)
	}
	b.WriteString("\nhypercare COMMAND -h lists the flags of a command.\n")
	_, _ = io.WriteString(w, b.String())
}

// flags returns a flag set whose flags may also be given as HYPERCARE_NAME in
// the environment; a flag wins.
func flags(name string, io streams) *flag.FlagSet {
	fs := flag.NewFlagSet("hypercare "+name, flag.ContinueOnError)
	fs.SetOutput(io.err)
	return fs
}

// parse fills flags from the environment, then from args, which may stand
// before, between and behind flags; it returns what is no flag.
func parse(fs *flag.FlagSet, args []string) ([]string, error) {
	var err error
	fs.VisitAll(func(f *flag.Flag) {
		key := "HYPERCARE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v, ok := os.LookupEnv(key); ok && v != "" {
			if e := fs.Set(f.Name, v); e != nil {
				err = errors.Join(err, fmt.Errorf("%s: %w", key, e))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	var rest []string
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}
