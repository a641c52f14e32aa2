package h2

// What frames cost in glitches. Each is what a client that means well sends
// seldom or gets credit for, and what one that does not sends without end.
const (
	costPriority     = 1
	costWindowUpdate = 1
	costUnknown      = 2
	costPing         = 4
	costEmptyData    = 8
	costIgnored      = 2 // frames on streams that are over
	costSettings     = 20
	costRefused      = 20 // heads beyond a limit

	// What a field section holds costs 1 for each so many bytes that are beyond
	// fiveFold of what was sent for it and beyond what both tables of HPACK can add to
	// that if each entry is named once: else a hundred bytes could fill 64 KiB.
	expansionBytes = 128
	fiveFold       = 5
	freeExpansion  = 8 << 10

	// creditStream goes with each new stream, for its priority and windows.
	creditStream = 4
	// creditData goes with each DATA frame that we send with worthyData bytes or more:
	// clients answer those with window updates for stream and connection.
	creditData   = 6
	worthyData   = 256
	maxFreePings = 100
)

// costOfExpansion returns what a field section of that size costs, which came in so many bytes.
func costOfExpansion(size, sent int) int {
	return max(size-fiveFold*sent-freeExpansion, 0) / expansionBytes
}
