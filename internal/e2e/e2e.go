// Package e2e holds tests that only a whole process can answer: what is left
// after kill -9, who may open a data folder, how it stops, what it says to
// bad input and to too much of it. They build the real binary and talk HTTP
// to it; `go test -short` leaves them out.
package e2e
