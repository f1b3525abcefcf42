package linear

// Seeds keep the kinds of features apart in one hash space.
const (
	seedWord    = 0x9E3779B1
	seedChar    = 0x85EBCA77
	seedExtra   = 0xC2B2AE3D
	seedNegated = 0x27D4EB2F
	seedTitle   = 0x165667B1
	seedFirst   = 0x2545F491
)

func finish(h uint32) uint32 {
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	h ^= h >> 15
	return h
}

// hashBytes is FNV-1a with a seed and a final mix (plain FNV's low bits are
// too regular for short strings to be used as bucket numbers).
func hashBytes(b []byte, seed uint32) uint32 {
	h := 2166136261 ^ seed
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return finish(h)
}

func hashString(s string, seed uint32) uint32 {
	h := 2166136261 ^ seed
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return finish(h)
}

func hashPair(a, b uint32) uint32 { return finish(a*0x9E3779B1 ^ (b + 0x7F4A7C15 + a<<6)) }
