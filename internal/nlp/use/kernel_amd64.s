//go:build amd64 && !purego

#include "textflag.h"

// One step of a row in dot4x16AVX2: 2 activations times 16 columns.
// VPMADDWD adds the two products of each pair, VPADDD the pairs.
#define ROW2(ptr, acc0, acc1) \
	VPBROADCASTD (ptr), Y10 \
	VPMADDWD     Y8, Y10, Y11 \
	VPMADDWD     Y9, Y10, Y12 \
	VPADDD       Y11, acc0, acc0 \
	VPADDD       Y12, acc1, acc1 \
	ADDQ         $4, ptr

// func dot4x16AVX2(pairs int, a *int16, lda int, w *int8, c *int32, ldc int)
TEXT ·dot4x16AVX2(SB), NOSPLIT, $0-48
	MOVQ  pairs+0(FP), CX
	MOVQ  a+8(FP), SI
	MOVQ  lda+16(FP), DX
	MOVQ  w+24(FP), DI
	MOVQ  c+32(FP), R8
	MOVQ  ldc+40(FP), R9
	LEAQ  (SI)(DX*1), R10
	LEAQ  (SI)(DX*2), R11
	LEAQ  (R10)(DX*2), R12
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7

loop4x16:
	VPMOVSXBW (DI), Y8
	VPMOVSXBW 16(DI), Y9
	ROW2(SI, Y0, Y1)
	ROW2(R10, Y2, Y3)
	ROW2(R11, Y4, Y5)
	ROW2(R12, Y6, Y7)
	ADDQ $64, DI
	DECQ CX
	JNZ  loop4x16

	VMOVDQU Y0, (R8)
	VMOVDQU Y1, 32(R8)
	ADDQ    R9, R8
	VMOVDQU Y2, (R8)
	VMOVDQU Y3, 32(R8)
	ADDQ    R9, R8
	VMOVDQU Y4, (R8)
	VMOVDQU Y5, 32(R8)
	ADDQ    R9, R8
	VMOVDQU Y6, (R8)
	VMOVDQU Y7, 32(R8)
	VZEROUPPER
	RET

// One step of a row in the VNNI kernels: 2 activations times 32 columns.
#define ROWV(mem, acc0, acc1) \
	VPBROADCASTD mem, Z18 \
	VPDPWSSD     Z16, Z18, acc0 \
	VPDPWSSD     Z17, Z18, acc1

#define STOREROW(acc0, acc1) \
	VMOVDQU32 acc0, (R8) \
	VMOVDQU32 acc1, 64(R8) \
	ADDQ      R9, R8

// func dot8x32VNNI(pairs int, a *int16, lda int, w *int8, c *int32, ldc int)
// Row r of a is at SI + r*DX; R10 = SI+3*DX and R11 = SI+5*DX reach the odd ones.
TEXT ·dot8x32VNNI(SB), NOSPLIT, $0-48
	MOVQ   pairs+0(FP), CX
	MOVQ   a+8(FP), SI
	MOVQ   lda+16(FP), DX
	MOVQ   w+24(FP), DI
	MOVQ   c+32(FP), R8
	MOVQ   ldc+40(FP), R9
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

loop8x32:
	VPMOVSXBW (DI), Z16
	VPMOVSXBW 32(DI), Z17
	ROWV((SI), Z0, Z1)
	ROWV((SI)(DX*1), Z2, Z3)
	ROWV((SI)(DX*2), Z4, Z5)
	ROWV((R10), Z6, Z7)
	ROWV((SI)(DX*4), Z8, Z9)
	ROWV((R11), Z10, Z11)
	ROWV((R11)(DX*1), Z12, Z13)
	ROWV((R10)(DX*4), Z14, Z15)
	ADDQ $4, SI
	ADDQ $4, R10
	ADDQ $4, R11
	ADDQ $64, DI
	DECQ CX
	JNZ  loop8x32

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

// func dot4x32VNNI(pairs int, a *int16, lda int, w *int8, c *int32, ldc int)
TEXT ·dot4x32VNNI(SB), NOSPLIT, $0-48
	MOVQ   pairs+0(FP), CX
	MOVQ   a+8(FP), SI
	MOVQ   lda+16(FP), DX
	MOVQ   w+24(FP), DI
	MOVQ   c+32(FP), R8
	MOVQ   ldc+40(FP), R9
	LEAQ   (SI)(DX*2), R10
	ADDQ   DX, R10
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7

loop4x32:
	VPMOVSXBW (DI), Z16
	VPMOVSXBW 32(DI), Z17
	ROWV((SI), Z0, Z1)
	ROWV((SI)(DX*1), Z2, Z3)
	ROWV((SI)(DX*2), Z4, Z5)
	ROWV((R10), Z6, Z7)
	ADDQ $4, SI
	ADDQ $4, R10
	ADDQ $64, DI
	DECQ CX
	JNZ  loop4x32

	STOREROW(Z0, Z1)
	STOREROW(Z2, Z3)
	STOREROW(Z4, Z5)
	STOREROW(Z6, Z7)
	VZEROUPPER
	RET

// func maxAbsAVX2(x *float32, n int) float32
// n is a multiple of 8.
TEXT ·maxAbsAVX2(SB), NOSPLIT, $0-20
	MOVQ     x+0(FP), SI
	MOVQ     n+8(FP), CX
	VPCMPEQD Y2, Y2, Y2
	VPSRLD   $1, Y2, Y2
	VXORPS   Y0, Y0, Y0

loopmax:
	VANDPS (SI), Y2, Y1
	VMAXPS Y1, Y0, Y0
	ADDQ   $32, SI
	SUBQ   $8, CX
	JNZ    loopmax

	VEXTRACTF128 $1, Y0, X1
	VMAXPS       X1, X0, X0
	VPSHUFD      $0x4E, X0, X1
	VMAXPS       X1, X0, X0
	VPSHUFD      $0xB1, X0, X1
	VMAXPS       X1, X0, X0
	VZEROUPPER
	MOVSS        X0, ret+16(FP)
	RET

// func roundAVX2(dst *int16, x *float32, n int, k float32)
// n is a multiple of 8. VCVTPS2DQ rounds ties to even.
TEXT ·roundAVX2(SB), NOSPLIT, $0-28
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS k+24(FP), Y3

loopround:
	VMULPS       (SI), Y3, Y0
	VCVTPS2DQ    Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPACKSSDW    X1, X0, X0
	VMOVDQU      X0, (DI)
	ADDQ         $32, SI
	ADDQ         $16, DI
	SUBQ         $8, CX
	JNZ          loopround
	VZEROUPPER
	RET

// func widenAVX2(dst *float32, acc *int32, n int, k float32, scale, bias *float32, floor float32)
// n is a multiple of 8.
TEXT ·widenAVX2(SB), NOSPLIT, $0-52
	MOVQ         dst+0(FP), DI
	MOVQ         acc+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS k+24(FP), Y3
	MOVQ         scale+32(FP), R8
	MOVQ         bias+40(FP), R9
	VBROADCASTSS floor+48(FP), Y4

loopwiden:
	VCVTDQ2PS (SI), Y0
	VMULPS    (R8), Y3, Y1
	VMULPS    Y1, Y0, Y0
	VADDPS    (R9), Y0, Y0
	VMAXPS    Y4, Y0, Y0
	VMOVUPS   Y0, (DI)
	ADDQ      $32, SI
	ADDQ      $32, R8
	ADDQ      $32, R9
	ADDQ      $32, DI
	SUBQ      $8, CX
	JNZ       loopwiden
	VZEROUPPER
	RET

// func scoresAVX2(p *float32, n int, q *float32, width int, keys *float32, stride int)
// width is a multiple of 8. The halving order equals fold in forward.go.
TEXT ·scoresAVX2(SB), NOSPLIT, $0-48
	MOVQ p+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ q+16(FP), SI
	MOVQ width+24(FP), DX
	MOVQ keys+32(FP), R8
	MOVQ stride+40(FP), R9
	SHLQ $2, R9
	SHLQ $2, DX

keyloop:
	VXORPS Y0, Y0, Y0
	XORQ   AX, AX

dotloop:
	VMOVUPS (SI)(AX*1), Y1
	VMULPS  (R8)(AX*1), Y1, Y1
	VADDPS  Y1, Y0, Y0
	ADDQ    $32, AX
	CMPQ    AX, DX
	JNE     dotloop

	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VPSHUFD      $0x4E, X0, X1
	VADDPS       X1, X0, X0
	VPSHUFD      $0xB1, X0, X1
	VADDSS       X1, X0, X0
	VMOVSS       X0, (DI)
	ADDQ         $4, DI
	ADDQ         R9, R8
	DECQ         CX
	JNZ          keyloop
	VZEROUPPER
	RET

// func blendAVX2(out *float32, width int, p *float32, n int, values *float32, stride int)
// width is a multiple of 64; 64 columns stay in registers.
TEXT ·blendAVX2(SB), NOSPLIT, $0-48
	MOVQ out+0(FP), DI
	MOVQ width+8(FP), DX
	MOVQ p+16(FP), SI
	MOVQ n+24(FP), R10
	MOVQ values+32(FP), R8
	MOVQ stride+40(FP), R9
	SHLQ $2, R9

blockloop:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	MOVQ   SI, R11
	MOVQ   R8, R12
	MOVQ   R10, CX

valueloop:
	VBROADCASTSS (R11), Y8
	VMULPS       (R12), Y8, Y9
	VMULPS       32(R12), Y8, Y10
	VMULPS       64(R12), Y8, Y11
	VMULPS       96(R12), Y8, Y12
	VADDPS       Y9, Y0, Y0
	VADDPS       Y10, Y1, Y1
	VADDPS       Y11, Y2, Y2
	VADDPS       Y12, Y3, Y3
	VMULPS       128(R12), Y8, Y9
	VMULPS       160(R12), Y8, Y10
	VMULPS       192(R12), Y8, Y11
	VMULPS       224(R12), Y8, Y12
	VADDPS       Y9, Y4, Y4
	VADDPS       Y10, Y5, Y5
	VADDPS       Y11, Y6, Y6
	VADDPS       Y12, Y7, Y7
	ADDQ         $4, R11
	ADDQ         R9, R12
	DECQ         CX
	JNZ          valueloop

	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VMOVUPS Y4, 128(DI)
	VMOVUPS Y5, 160(DI)
	VMOVUPS Y6, 192(DI)
	VMOVUPS Y7, 224(DI)
	ADDQ    $256, DI
	ADDQ    $256, R8
	SUBQ    $64, DX
	JNZ     blockloop
	VZEROUPPER
	RET
