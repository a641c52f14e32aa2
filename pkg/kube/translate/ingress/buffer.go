package ingress

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// What ingress-nginx has for buffers that nobody set, and the most that one response may have in memory.
const (
	nginxBuffers      = 4
	nginxBufferBytes  = 4 << 10
	nginxDiskBytes    = 1 << 30
	maxMemoryOfBuffer = 64 << 20
)

// readResponseBuffer reads proxy-buffering and what says how much that keeps: in memory one buffer
// and then proxy-buffers-number of them, each of proxy-buffer-size, and the rest on disk.
func (t *translation) readResponseBuffer() ir.ResponseBuffer {
	on := t.onOff("proxy-buffering")
	number, counted := t.number("proxy-buffers-number", 1, 1<<20)
	each, sized := t.size("proxy-buffer-size")
	disk, limited := t.size("proxy-max-temp-file-size")
	if !on {
		t.needless(counted, "proxy-buffers-number", "responses are not kept without proxy-buffering")
		t.needless(sized, "proxy-buffer-size", "the head of a response may have up to 64 KiB in any case, and responses are not kept without proxy-buffering")
		t.needless(limited, "proxy-max-temp-file-size", "responses are not kept without proxy-buffering")
		return ir.ResponseBuffer{}
	}
	if !counted {
		number = nginxBuffers
	}
	if !sized {
		each = nginxBufferBytes
	}
	if !limited {
		disk = nginxDiskBytes
	}
	each = min(each, maxMemoryOfBuffer)
	return ir.ResponseBuffer{MemoryBytes: min(each*int64(number+1), maxMemoryOfBuffer), DiskBytes: disk}
}

// needless tells of an annotation that has nothing to act on, and harms nobody by that.
func (t *translation) needless(said bool, short, why string) {
	if said {
		at, _ := t.text(short)
		t.Facts.Infof(t.origin, at.Field, report.Unsupported, "it has no effect: %s", why)
	}
}
