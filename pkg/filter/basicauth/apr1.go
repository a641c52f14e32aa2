package basicauth

import "crypto/md5"

// apr1 returns Apache's variant of the MD5 crypt of a password, in its own base
// 64, without salt and prefix.
func apr1(password []byte, salt string) string {
	inner := md5.New()
	inner.Write(password)
	inner.Write([]byte(salt))
	inner.Write(password)
	mixed := inner.Sum(nil)

	outer := md5.New()
	outer.Write(password)
	outer.Write([]byte("$apr1$" + salt))
	for left := len(password); left > 0; left -= md5.Size {
		outer.Write(mixed[:min(left, md5.Size)])
	}
	for bits := len(password); bits > 0; bits >>= 1 {
		switch {
		case bits&1 != 0:
			outer.Write([]byte{0})
		default:
			outer.Write(password[:1])
		}
	}
	sum := outer.Sum(nil)
	for round := range 1000 {
		h := md5.New()
		if round%2 != 0 {
			h.Write(password)
		} else {
			h.Write(sum)
		}
		if round%3 != 0 {
			h.Write([]byte(salt))
		}
		if round%7 != 0 {
			h.Write(password)
		}
		if round%2 != 0 {
			h.Write(sum)
		} else {
			h.Write(password)
		}
		sum = h.Sum(nil)
	}
	return itoa64(sum)
}

// itoa64 writes the 16 bytes of a sum in the order and alphabet of crypt(3).
func itoa64(sum []byte) string {
	const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var out []byte
	put := func(v uint, n int) {
		for range n {
			out = append(out, alphabet[v&0x3f])
			v >>= 6
		}
	}
	for _, i := range [...][3]int{{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}} {
		put(uint(sum[i[0]])<<16|uint(sum[i[1]])<<8|uint(sum[i[2]]), 4)
	}
	put(uint(sum[11]), 2)
	return string(out)
}
