package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sluice returns an image like the real one.
func sluice() Image {
	return Image{
		Tags:         []string{"ghcr.io/sluice-dev/sluice:v1", "localhost:5000/sluice:dev"},
		Files:        []File{{Path: "/etc/sluice/a.yaml", Content: []byte("a: 1\n"), Mode: 0o644}, {Path: "sluice", Content: []byte("ELF"), Mode: 0o755}},
		Entrypoint:   []string{"/sluice", "controller"},
		Env:          []string{"GOGC=50"},
		User:         "65532:65532",
		Architecture: "amd64",
	}
}

// write returns the archive of image and its digest.
func write(t *testing.T, image Image) ([]byte, string) {
	t.Helper()
	var b bytes.Buffer
	digest, err := Write(&b, image)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), digest
}

// read returns the files of a tar archive, and their headers in order.
func read(t *testing.T, text []byte) (map[string][]byte, []*tar.Header) {
	t.Helper()
	files := map[string][]byte{}
	var headers []*tar.Header
	for r := tar.NewReader(bytes.NewReader(text)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, headers
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name], headers = content, append(headers, h)
	}
}

func TestSameInputGivesSameBytes(t *testing.T) {
	first, digest := write(t, sluice())
	shuffled := sluice()
	slices.Reverse(shuffled.Files)
	again, digestAgain := write(t, shuffled)
	if digest != digestAgain || !bytes.Equal(first, again) {
		t.Errorf("digest %s, then %s: the order of the files must not matter", digest, digestAgain)
	}
	// The digest is pinned, so that a change of the format is a decision.
	if want := "sha256:bdafdb7e52362cb753e168ac0a9320aaf0cd5f71c804dce088291818673ebec0"; digest != want {
		t.Errorf("digest = %s, want %s", digest, want)
	}
}

func TestAnyChangeChangesTheDigest(t *testing.T) {
	_, digest := write(t, sluice())
	changes := map[string]func(*Image){
		"a file's content": func(i *Image) { i.Files[1].Content = []byte("ELG") },
		"a file's mode":    func(i *Image) { i.Files[1].Mode = 0o644 },
		"a file's path":    func(i *Image) { i.Files[1].Path = "sluicf" },
		"the entrypoint":   func(i *Image) { i.Entrypoint = []string{"/sluice"} },
		"the environment":  func(i *Image) { i.Env = nil },
		"the user":         func(i *Image) { i.User = "" },
		"the architecture": func(i *Image) { i.Architecture = "arm64" },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			image := sluice()
			change(&image)
			if _, changed := write(t, image); changed == digest {
				t.Error("the digest stayed the same")
			}
		})
	}
}

// TestEveryReferenceResolves follows the archive as a container runtime does.
func TestEveryReferenceResolves(t *testing.T) {
	text, digest := write(t, sluice())
	files, _ := read(t, text)
	blob := func(d descriptor) []byte {
		content, ok := files[blobPath(d.Digest)]
		sum := sha256.Sum256(content)
		if !ok || len(content) != d.Size || "sha256:"+hex.EncodeToString(sum[:]) != d.Digest {
			t.Fatalf("blob of %+v is missing, or is another one", d)
		}
		return content
	}
	var idx index
	unmarshal(t, files["index.json"], &idx)
	var names []string
	for _, d := range idx.Manifests {
		if d.Digest != digest {
			t.Errorf("index.json points at %s, want %s", d.Digest, digest)
		}
		names = append(names, d.Annotations["io.containerd.image.name"])
	}
	if diff := cmp.Diff(sluice().Tags, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if got := idx.Manifests[1].Annotations["org.opencontainers.image.ref.name"]; got != "dev" {
		t.Errorf("tag = %q, want dev", got)
	}
	var m manifest
	unmarshal(t, blob(idx.Manifests[0]), &m)
	var c config
	unmarshal(t, blob(m.Config), &c)
	want := config{
		Architecture: "amd64", OS: "linux",
		Config: runConfig{User: "65532:65532", Env: []string{"GOGC=50"}, Entrypoint: []string{"/sluice", "controller"}, WorkingDir: "/"},
		RootFS: rootFS{Type: "layers", DiffIDs: []string{m.Layers[0].Digest}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	var docker []dockerImage
	unmarshal(t, files["manifest.json"], &docker)
	wantDocker := []dockerImage{{Config: blobPath(m.Config.Digest), RepoTags: sluice().Tags, Layers: []string{blobPath(m.Layers[0].Digest)}}}
	if diff := cmp.Diff(wantDocker, docker); diff != "" {
		t.Errorf("manifest.json (-want +got):\n%s", diff)
	}
	checkLayer(t, blob(m.Layers[0]))
}

// checkLayer compares the layer of the image named sluice with its files.
func checkLayer(t *testing.T, layer []byte) {
	t.Helper()
	content, headers := read(t, layer)
	var got []string
	for _, h := range headers {
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.ModTime.Unix() != 0 {
			t.Errorf("%s tells who made it, or when: %+v", h.Name, h)
		}
		got = append(got, h.FileInfo().Mode().String()+" "+h.Name+" "+string(content[h.Name]))
	}
	want := []string{"drwxr-xr-x etc/ ", "drwxr-xr-x etc/sluice/ ", "-rw-r--r-- etc/sluice/a.yaml a: 1\n", "-rwxr-xr-x sluice ELF"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("layer (-want +got):\n%s", diff)
	}
}

func unmarshal(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestBadImagesAreRejected(t *testing.T) {
	tests := map[string]struct {
		change func(*Image)
		want   string
	}{
		"no tag":                          {func(i *Image) { i.Tags = nil }, "needs a tag"},
		"a name without a tag":            {func(i *Image) { i.Tags = []string{"ghcr.io/sluice"} }, "no image name with a tag"},
		"a port is not a tag":             {func(i *Image) { i.Tags = []string{"localhost:5000/sluice"} }, "no image name with a tag"},
		"no file":                         {func(i *Image) { i.Files = nil }, "needs a file"},
		"no architecture":                 {func(i *Image) { i.Architecture = "" }, "needs an architecture"},
		"two files of one path":           {func(i *Image) { i.Files[0].Path = "x/../sluice" }, "two files"},
		"a file that is a directory, too": {func(i *Image) { i.Files[0].Path = "/sluice/a" }, "is a file and the directory"},
		"a file without a path":           {func(i *Image) { i.Files[0].Path = "/" }, "needs a path"},
		"a path that climbs stays inside": {func(i *Image) { i.Files[0].Path = "../../sluice" }, "two files"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			image := sluice()
			test.change(&image)
			_, err := Write(io.Discard, image)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want one with %q", err, test.want)
			}
		})
	}
}
