package basicauth

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// hash is one way to keep a password.
type hash interface {
	// matches says whether it is that of a password, in a time that does not depend on it.
	matches(password []byte) bool
	// rank orders hashes by the time that they take.
	rank() int
}

// parse reads an htpasswd file. Of a name that is there twice the first counts,
// as in Apache's and nginx's.
func parse(text []byte) (map[string]hash, error) {
	users := make(map[string]hash)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, kept, found := strings.Cut(line, ":")
		if !found || name == "" {
			return nil, fmt.Errorf("line %d of the users is not NAME:HASH", n)
		}
		h, err := parseHash(kept)
		if err != nil {
			return nil, fmt.Errorf("line %d of the users: %w", n, err)
		}
		if _, twice := users[name]; !twice {
			users[name] = h
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("the users: %w", err)
	}
	if len(users) == 0 {
		return nil, errors.New("there is no user")
	}
	return users, nil
}

// parseHash never repeats the hash in its error.
func parseHash(kept string) (hash, error) {
	switch {
	case strings.HasPrefix(kept, "$2a$"), strings.HasPrefix(kept, "$2b$"), strings.HasPrefix(kept, "$2y$"):
		cost, err := bcrypt.Cost([]byte(kept))
		if err != nil {
			return nil, errors.New("the bcrypt hash is broken")
		}
		return bcryptHash{[]byte(kept), cost}, nil
	case strings.HasPrefix(kept, "$apr1$"):
		salt, sum, found := strings.Cut(kept[len("$apr1$"):], "$")
		if !found || salt == "" || len(salt) > 8 || len(sum) != 22 {
			return nil, errors.New("the apr1 hash is broken")
		}
		return apr1Hash{salt, sum}, nil
	case strings.HasPrefix(kept, "{SHA}"):
		sum, err := base64.StdEncoding.DecodeString(kept[len("{SHA}"):])
		if err != nil || len(sum) != sha1.Size {
			return nil, errors.New("the SHA hash is broken")
		}
		return shaHash(sum), nil
	}
	return nil, errors.New("the hash is none of bcrypt ($2y$), apr1 ($apr1$) and SHA ({SHA})")
}

// slowest returns the hash that takes longest.
func slowest(users map[string]hash) (found hash) {
	for _, h := range users {
		if found == nil || h.rank() > found.rank() {
			found = h
		}
	}
	return found
}

type bcryptHash struct {
	kept []byte
	cost int
}

func (h bcryptHash) matches(password []byte) bool {
	// What is longer would be an error, and cut off by those who made the hash.
	return bcrypt.CompareHashAndPassword(h.kept, password[:min(len(password), 72)]) == nil
}

func (h bcryptHash) rank() int { return 100 + h.cost }

type shaHash []byte

func (h shaHash) matches(password []byte) bool {
	sum := sha1.Sum(password)
	return subtle.ConstantTimeCompare(sum[:], h) == 1
}

func (h shaHash) rank() int { return 0 }

type apr1Hash struct{ salt, sum string }

func (h apr1Hash) matches(password []byte) bool {
	return subtle.ConstantTimeCompare([]byte(apr1(password, h.salt)), []byte(h.sum)) == 1
}

func (h apr1Hash) rank() int { return 50 }
