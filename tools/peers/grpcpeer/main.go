// Command grpcpeer is a gRPC server, and the client that holds it to all that
// gRPC has: both unmodified google.golang.org/grpc.
//
//	grpcpeer serve ADDR [CERT.pem KEY.pem]
//	grpcpeer call ADDR [CA.pem]
//	grpcpeer fails ADDR CODE [KEY]   a call that has to end with a status
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "grpcpeer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) >= 2 && args[0] == "serve":
		return serve(args[1], args[2:])
	case len(args) >= 2 && args[0] == "call":
		return call(args[1], args[2:])
	case len(args) >= 3 && args[0] == "fails":
		return fails(args[1], args[2], args[3:])
	}
	return errors.New("usage: grpcpeer serve ADDR [CERT KEY] | call ADDR [CA] | fails ADDR CODE [KEY]")
}

type text = wrapperspb.StringValue

const service = "peer.Echo"

var desc = grpc.ServiceDesc{
	ServiceName: service, HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Unary", Handler: func(_ any, ctx context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := &text{}
		if err := dec(in); err != nil {
			return nil, err
		}
		md, _ := metadata.FromIncomingContext(ctx)
		_ = grpc.SetHeader(ctx, metadata.Pairs("x-head", strings.Join(md.Get("x-ask"), ","), "x-head-bin", string([]byte{0, 1, 255})))
		_ = grpc.SetTrailer(ctx, metadata.Pairs("x-tail", "end"))
		if code, ok := strings.CutPrefix(in.GetValue(), "fail "); ok {
			n, _ := strconv.Atoi(code)
			return nil, status.Error(codes.Code(n), "as asked: 100 % – ü")
		}
		if in.GetValue() == "sleep" {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return in, nil
	}}},
	Streams: []grpc.StreamDesc{
		{StreamName: "Down", ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
			in := &text{}
			if err := s.RecvMsg(in); err != nil {
				return err
			}
			for i := range 200 {
				if err := s.SendMsg(&text{Value: fmt.Sprintf("%s %d", in.GetValue(), i)}); err != nil {
					return err
				}
			}
			return nil
		}},
		{StreamName: "Up", ClientStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
			n := 0
			for {
				in := &text{}
				err := s.RecvMsg(in)
				if errors.Is(err, io.EOF) {
					return s.SendMsg(&text{Value: strconv.Itoa(n)})
				} else if err != nil {
					return err
				}
				n += len(in.GetValue())
			}
		}},
		{StreamName: "Both", ServerStreams: true, ClientStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
			if err := s.SendMsg(&text{Value: "welcome"}); err != nil {
				return err
			}
			for {
				in := &text{}
				if err := s.RecvMsg(in); errors.Is(err, io.EOF) {
					s.SetTrailer(metadata.Pairs("x-tail", "both"))
					return status.Error(codes.DataLoss, "that is all")
				} else if err != nil {
					return err
				}
				if err := s.SendMsg(in); err != nil {
					return err
				}
			}
		}},
	},
}

func serve(addr string, pair []string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	var o []grpc.ServerOption
	if len(pair) == 2 {
		c, err := credentials.NewServerTLSFromFile(pair[0], pair[1])
		if err != nil {
			return err
		}
		o = append(o, grpc.Creds(c))
	}
	s := grpc.NewServer(append(o, grpc.MaxRecvMsgSize(16<<20))...)
	s.RegisterService(&desc, struct{}{})
	fmt.Println("listening", ln.Addr())
	return s.Serve(ln)
}

func dial(addr string, ca []string) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	if len(ca) > 0 {
		var err error
		if creds, err = credentials.NewClientTLSFromFile(ca[0], ""); err != nil {
			return nil, err
		}
	}
	return grpc.NewClient(addr, grpc.WithTransportCredentials(creds), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
}

func unary(ctx context.Context, c *grpc.ClientConn, s string, o ...grpc.CallOption) (string, error) {
	out := &text{}
	err := c.Invoke(ctx, "/"+service+"/Unary", &text{Value: s}, out, o...)
	return out.GetValue(), err
}

func fails(addr, code string, key []string) error {
	c, err := dial(addr, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if len(key) > 0 {
		ctx = metadata.AppendToOutgoingContext(ctx, "x-api-key", key[0])
	}
	_, err = unary(ctx, c, "hello")
	if got := status.Code(err).String(); got != code {
		return fmt.Errorf("the call ended with %s (%v), want %s", got, err, code)
	}
	fmt.Println("ok", status.Convert(err).Message())
	return nil
}

func call(addr string, ca []string) error {
	c, err := dial(addr, ca)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for name, f := range map[string]func(context.Context, *grpc.ClientConn) error{"unary": unaries, "errors": statuses, "down": down, "up": up, "both": both, "deadline": deadline, "many": many} {
		if err := f(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	fmt.Println("ok")
	return nil
}

func unaries(ctx context.Context, c *grpc.ClientConn) error {
	for _, size := range []int{0, 1, 1000, 3 << 20} {
		want := strings.Repeat("u", size)
		var head, tail metadata.MD
		got, err := unary(metadata.AppendToOutgoingContext(ctx, "x-ask", "this"), c, want, grpc.Header(&head), grpc.Trailer(&tail))
		if err != nil || got != want {
			return fmt.Errorf("%d bytes came back as %d: %w", size, len(got), err)
		}
		if fmt.Sprint(head.Get("x-head"), head.Get("x-head-bin"), tail.Get("x-tail")) != fmt.Sprint([]string{"this"}, []string{"\x00\x01\xff"}, []string{"end"}) {
			return fmt.Errorf("metadata %v %v", head, tail)
		}
	}
	return nil
}

func statuses(ctx context.Context, c *grpc.ClientConn) error {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		_, err := unary(ctx, c, fmt.Sprintf("fail %d", code))
		if s := status.Convert(err); s.Code() != code || s.Message() != "as asked: 100 % – ü" {
			return fmt.Errorf("%v came as %v", code, err)
		}
	}
	err := c.Invoke(ctx, "/"+service+"/None", &text{}, &text{})
	if status.Code(err) != codes.Unimplemented {
		return fmt.Errorf("a method that is not there: %v", err)
	}
	return nil
}

func down(ctx context.Context, c *grpc.ClientConn) error {
	s, err := c.NewStream(ctx, &desc.Streams[0], "/"+service+"/Down")
	if err != nil {
		return err
	}
	if err := errors.Join(s.SendMsg(&text{Value: "d"}), s.CloseSend()); err != nil {
		return err
	}
	for i := 0; ; i++ {
		out := &text{}
		err := s.RecvMsg(out)
		if errors.Is(err, io.EOF) && i == 200 {
			return nil
		}
		if want := fmt.Sprintf("d %d", i); err != nil || out.GetValue() != want {
			return fmt.Errorf("message %d is %q, %v", i, out.GetValue(), err)
		}
	}
}

func up(ctx context.Context, c *grpc.ClientConn) error {
	s, err := c.NewStream(ctx, &desc.Streams[1], "/"+service+"/Up")
	if err != nil {
		return err
	}
	for range 200 {
		if err := s.SendMsg(&text{Value: strings.Repeat("x", 10_000)}); err != nil {
			return err
		}
	}
	out := &text{}
	if err := errors.Join(s.CloseSend(), s.RecvMsg(out)); err != nil || out.GetValue() != "2000000" {
		return fmt.Errorf("sum is %s, %v", out.GetValue(), err)
	}
	return nil
}

func both(ctx context.Context, c *grpc.ClientConn) error {
	s, err := c.NewStream(ctx, &desc.Streams[2], "/"+service+"/Both")
	if err != nil {
		return err
	}
	recv := func(want string) error {
		out := &text{}
		if err := s.RecvMsg(out); err != nil || out.GetValue() != want {
			return fmt.Errorf("got %q, %v; want %q", out.GetValue(), err, want)
		}
		return nil
	}
	if err := recv("welcome"); err != nil { // before anything was said
		return err
	}
	for i := range 200 {
		want := fmt.Sprintf("ping %d", i)
		if err := errors.Join(s.SendMsg(&text{Value: want}), recv(want)); err != nil {
			return err
		}
	}
	if err := s.CloseSend(); err != nil {
		return err
	}
	err = s.RecvMsg(&text{})
	if status.Code(err) != codes.DataLoss || fmt.Sprint(s.Trailer().Get("x-tail")) != "[both]" {
		return fmt.Errorf("ended with %v, %v", err, s.Trailer())
	}
	return nil
}

func deadline(ctx context.Context, c *grpc.ClientConn) error {
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := unary(short, c, "sleep"); status.Code(err) != codes.DeadlineExceeded {
		return fmt.Errorf("ended with %v", err)
	}
	return nil
}

func many(ctx context.Context, c *grpc.ClientConn) error {
	var wg sync.WaitGroup
	failed := make(chan error, 50)
	for w := range 50 {
		wg.Go(func() {
			for i := range 20 {
				want := fmt.Sprintf("%d of %d", i, w)
				if got, err := unary(ctx, c, want); err != nil || got != want {
					failed <- fmt.Errorf("%q came back as %q: %w", want, got, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}
