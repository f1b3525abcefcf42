// Command soak sends traffic of every kind through a gateway for a while, as
// it is published anew all the time and upstreams die, come back and are slow.
// Each answer has to belong to its request; at the end goroutines and memory
// are what they were at the start.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	var c config
	flag.DurationVar(&c.time, "d", 10*time.Minute, "how `long`")
	flag.IntVar(&c.clients, "clients", 4, "of each kind of traffic")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := run(ctx, c, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
	fmt.Print(r)
	if bad := r.faults(); len(bad) > 0 {
		for _, b := range bad {
			fmt.Fprintln(os.Stderr, "soak:", b)
		}
		os.Exit(1)
	}
}
