package resolve

type fingerprint [32]byte

type certificate struct{}
