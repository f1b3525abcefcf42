//go:build !linux

package main

import (
	"context"
	"errors"
	"flag"
)

func gatewayBench(context.Context, *flag.FlagSet, *common, []string) error {
	return errors.New("the gateway is measured on Linux only")
}
