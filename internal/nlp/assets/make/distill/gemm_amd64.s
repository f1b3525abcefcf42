#include "textflag.h"

#define ROW(mem, acc0, acc1) \
	VBROADCASTSS mem, Z18 \
	VFMADD231PS  Z16, Z18, acc0 \
	VFMADD231PS  Z17, Z18, acc1

#define STOREROW(acc0, acc1) \
	VMOVUPS acc0, (R8) \
	VMOVUPS acc1, 64(R8) \
	ADDQ    R9, R8

// func mulAVX512(k int, a, b, c *float32, n int)
// c[8][32] = a[8][k] * b[k][32]; rows of a are k floats apart, of c n floats.
TEXT ·mulAVX512(SB), NOSPLIT, $0-40
	MOVQ   k+0(FP), CX
	MOVQ   a+8(FP), SI
	MOVQ   b+16(FP), DI
	MOVQ   c+24(FP), R8
	MOVQ   n+32(FP), R9
	MOVQ   CX, DX
	SHLQ   $2, DX
	SHLQ   $2, R9
	LEAQ   (SI)(DX*2), R10
	ADDQ   DX, R10
	LEAQ   (R10)(DX*2), R11
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7
	VPXORD Z8, Z8, Z8
	VPXORD Z9, Z9, Z9
	VPXORD Z10, Z10, Z10
	VPXORD Z11, Z11, Z11
	VPXORD Z12, Z12, Z12
	VPXORD Z13, Z13, Z13
	VPXORD Z14, Z14, Z14
	VPXORD Z15, Z15, Z15

loopmul:
	VMOVUPS (DI), Z16
	VMOVUPS 64(DI), Z17
	ROW((SI), Z0, Z1)
	ROW((SI)(DX*1), Z2, Z3)
	ROW((SI)(DX*2), Z4, Z5)
	ROW((R10), Z6, Z7)
	ROW((SI)(DX*4), Z8, Z9)
	ROW((R11), Z10, Z11)
	ROW((R11)(DX*1), Z12, Z13)
	ROW((R10)(DX*4), Z14, Z15)
	ADDQ $4, SI
	ADDQ $4, R10
	ADDQ $4, R11
	ADDQ $128, DI
	DECQ CX
	JNZ  loopmul

	STOREROW(Z0, Z1)
	STOREROW(Z2, Z3)
	STOREROW(Z4, Z5)
	STOREROW(Z6, Z7)
	STOREROW(Z8, Z9)
	STOREROW(Z10, Z11)
	STOREROW(Z12, Z13)
	STOREROW(Z14, Z15)
	VZEROUPPER
	RET

// func stepAVX512(e, g2, d *float32, n int, k, rate float32)
TEXT ·stepAVX512(SB), NOSPLIT, $0-40
	MOVQ         e+0(FP), DI
	MOVQ         g2+8(FP), SI
	MOVQ         d+16(FP), R8
	MOVQ         n+24(FP), CX
	VBROADCASTSS k+32(FP), Z4
	VBROADCASTSS rate+36(FP), Z5
	MOVL         $0x322bcc77, AX // 1e-8
	MOVL         AX, X6
	VBROADCASTSS X6, Z6

loopstep:
	VMULPS      (R8), Z4, Z0
	VMOVUPS     (SI), Z1
	VFMADD231PS Z0, Z0, Z1
	VMOVUPS     Z1, (SI)
	VSQRTPS     Z1, Z1
	VADDPS      Z6, Z1, Z1
	VMULPS      Z5, Z0, Z0
	VDIVPS      Z1, Z0, Z0
	VMOVUPS     (DI), Z2
	VSUBPS      Z0, Z2, Z2
	VMOVUPS     Z2, (DI)
	ADDQ        $64, DI
	ADDQ        $64, SI
	ADDQ        $64, R8
	SUBQ        $16, CX
	JNZ         loopstep
	VZEROUPPER
	RET

// func sumAVX512(dst, src *float32, n int)
TEXT ·sumAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

loopsum:
	VMOVUPS (SI), Z0
	VADDPS  (DI), Z0, Z0
	VMOVUPS Z0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JNZ     loopsum
	VZEROUPPER
	RET
