//go:build amd64 && !purego

#include "textflag.h"

// func scanAVX2(q *int8, n int, rows *int8, count int, out *int32)
// n is a positive multiple of 64, count is positive.
TEXT ·scanAVX2(SB), NOSPLIT, $0-40
	MOVQ q+0(FP), SI
	MOVQ n+8(FP), DX
	MOVQ rows+16(FP), DI
	MOVQ count+24(FP), CX
	MOVQ out+32(FP), R8

row2:
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	XORQ  AX, AX

col2:
	VPMOVSXBW (SI)(AX*1), Y2
	VPMOVSXBW (DI)(AX*1), Y3
	VPMOVSXBW 16(SI)(AX*1), Y4
	VPMOVSXBW 16(DI)(AX*1), Y5
	VPMOVSXBW 32(SI)(AX*1), Y6
	VPMOVSXBW 32(DI)(AX*1), Y7
	VPMOVSXBW 48(SI)(AX*1), Y8
	VPMOVSXBW 48(DI)(AX*1), Y9
	VPMADDWD  Y2, Y3, Y2
	VPMADDWD  Y4, Y5, Y4
	VPMADDWD  Y6, Y7, Y6
	VPMADDWD  Y8, Y9, Y8
	VPADDD    Y2, Y0, Y0
	VPADDD    Y4, Y1, Y1
	VPADDD    Y6, Y0, Y0
	VPADDD    Y8, Y1, Y1
	ADDQ      $64, AX
	CMPQ      AX, DX
	JNE       col2

	VPADDD       Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDD       X1, X0, X0
	VPSHUFD      $0x4E, X0, X1
	VPADDD       X1, X0, X0
	VPSHUFD      $0xB1, X0, X1
	VPADDD       X1, X0, X0
	VMOVD        X0, (R8)
	ADDQ         $4, R8
	ADDQ         DX, DI
	DECQ         CX
	JNZ          row2
	VZEROUPPER
	RET

// func scanVNNI(q *int8, n int, rows *int8, count int, out *int32)
// n is a positive multiple of 64, count is positive. Rows are read as unsigned
// by flipping their top bit, which adds 128 to each: the accumulators start
// with -128 times the sum of q.
TEXT ·scanVNNI(SB), NOSPLIT, $0-40
	MOVQ         q+0(FP), SI
	MOVQ         n+8(FP), DX
	MOVQ         rows+16(FP), DI
	MOVQ         count+24(FP), CX
	MOVQ         out+32(FP), R8
	MOVL         $0x80808080, AX
	VPBROADCASTD AX, Z4
	VPXORD       Z5, Z5, Z5
	XORQ         AX, AX

bias:
	VMOVDQU32 (SI)(AX*1), Z1
	VPDPBUSD  Z1, Z4, Z5
	ADDQ      $64, AX
	CMPQ      AX, DX
	JNE       bias
	VPXORD    Z6, Z6, Z6
	VPSUBD    Z5, Z6, Z5

row5:
	VMOVDQA32 Z5, Z0
	XORQ      AX, AX

col5:
	VPXORD    (DI)(AX*1), Z4, Z2
	VMOVDQU32 (SI)(AX*1), Z1
	VPDPBUSD  Z1, Z2, Z0
	ADDQ      $64, AX
	CMPQ      AX, DX
	JNE       col5

	VEXTRACTI64X4 $1, Z0, Y1
	VPADDD        Y1, Y0, Y0
	VEXTRACTI128  $1, Y0, X1
	VPADDD        X1, X0, X0
	VPSHUFD       $0x4E, X0, X1
	VPADDD        X1, X0, X0
	VPSHUFD       $0xB1, X0, X1
	VPADDD        X1, X0, X0
	VMOVD         X0, (R8)
	ADDQ          $4, R8
	ADDQ          DX, DI
	DECQ          CX
	JNZ           row5
	VZEROUPPER
	RET
