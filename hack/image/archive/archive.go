// Package archive writes container images as tar archives, without a registry
// and without Docker. One archive is an OCI image layout and, by its
// manifest.json, a `docker load` archive at once, so that containerd, Docker,
// podman and skopeo read the same file.
//
// In goes an Image: its names, a few files and how to run them. Out go bytes
// that depend on nothing else: every time stamp is zero, every owner is root,
// the layer is not compressed (so no compressor's version shows in a digest).
// The same input gives the same digest on every machine.
//
// Functions here may be called from any goroutine.
package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Image is what to put into an archive.
type Image struct {
	// Tags are the names of the image, at least one, each with a tag and best
	// with a registry ("ghcr.io/sluice-dev/sluice:v1").
	Tags []string
	// Files are the content of the only layer.
	Files []File
	// Entrypoint is the command line to run.
	Entrypoint []string
	// Env holds NAME=VALUE pairs.
	Env []string
	// User is "UID" or "UID:GID", empty for root.
	User string
	// Architecture is Go's name of it, which is also OCI's.
	Architecture string
}

// The media types of the OCI image specification, version 1.1.
const (
	mediaTypeIndex    = "application/vnd.oci.image.index.v1+json"
	mediaTypeManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaTypeConfig   = "application/vnd.oci.image.config.v1+json"
	mediaTypeLayer    = "application/vnd.oci.image.layer.v1.tar"
)

// descriptor points at a blob (OCI image specification, descriptor.md).
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// manifest lists the blobs of one image (manifest.md).
type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

// index is the entry point of a layout (image-index.md).
type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

// config says how to run an image (config.md).
type config struct {
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Config       runConfig `json:"config"`
	RootFS       rootFS    `json:"rootfs"`
}

type runConfig struct {
	User       string   `json:"User,omitempty"`
	Env        []string `json:"Env,omitempty"`
	Entrypoint []string `json:"Entrypoint,omitempty"`
	WorkingDir string   `json:"WorkingDir,omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// dockerImage is one element of a `docker load` archive's manifest.json.
type dockerImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// Write writes the archive of image to w and returns the digest of its
// manifest, "sha256:" and 64 hexadecimal digits.
func Write(w io.Writer, image Image) (string, error) {
	if err := image.check(); err != nil {
		return "", err
	}
	layer, err := layerOf(image.Files)
	if err != nil {
		return "", err
	}
	b := blobs{}
	layerAt := b.add(mediaTypeLayer, layer)
	configAt, err := b.addJSON(mediaTypeConfig, image.config(layerAt.Digest))
	if err != nil {
		return "", err
	}
	manifestAt, err := b.addJSON(mediaTypeManifest, manifest{
		SchemaVersion: 2, MediaType: mediaTypeManifest, Config: configAt, Layers: []descriptor{layerAt},
	})
	if err != nil {
		return "", err
	}
	indexJSON, err := json.Marshal(indexOf(manifestAt, image.Tags))
	if err != nil {
		return "", err
	}
	dockerJSON, err := json.Marshal([]dockerImage{{
		Config: blobPath(configAt.Digest), RepoTags: image.Tags, Layers: []string{blobPath(layerAt.Digest)},
	}})
	if err != nil {
		return "", err
	}
	files := append(b.files(),
		File{Path: "oci-layout", Content: []byte(`{"imageLayoutVersion":"1.0.0"}`), Mode: 0o644},
		File{Path: "index.json", Content: indexJSON, Mode: 0o644},
		File{Path: "manifest.json", Content: dockerJSON, Mode: 0o644},
	)
	return manifestAt.Digest, writeTar(w, files)
}

// tagged is the shape of an image's name: anything without spaces, ending in a tag.
var tagged = regexp.MustCompile(`^[a-z0-9][a-zA-Z0-9./_:-]*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// check rejects what a container runtime would reject later, and less clearly.
func (i Image) check() error {
	if len(i.Tags) == 0 {
		return errors.New("an image needs a tag")
	}
	for _, t := range i.Tags {
		if !tagged.MatchString(t) {
			return fmt.Errorf("%q is no image name with a tag, such as example.com/name:v1", t)
		}
	}
	if len(i.Files) == 0 {
		return errors.New("an image needs a file")
	}
	if i.Architecture == "" {
		return errors.New("an image needs an architecture")
	}
	return nil
}

// config renders how to run the image whose only layer has the digest diffID;
// the layer is not compressed, so its digest is its diff ID as well.
func (i Image) config(diffID string) config {
	return config{
		Architecture: i.Architecture,
		OS:           "linux",
		Config:       runConfig{User: i.User, Env: i.Env, Entrypoint: i.Entrypoint, WorkingDir: "/"},
		RootFS:       rootFS{Type: "layers", DiffIDs: []string{diffID}},
	}
}

// indexOf lists the manifest once for each tag. containerd takes the full name
// from its own annotation; the standard one holds the tag alone.
func indexOf(at descriptor, tags []string) index {
	idx := index{SchemaVersion: 2, MediaType: mediaTypeIndex}
	for _, t := range tags {
		named := at
		named.Annotations = map[string]string{
			"io.containerd.image.name":          t,
			"org.opencontainers.image.ref.name": t[strings.LastIndexByte(t, ':')+1:],
		}
		idx.Manifests = append(idx.Manifests, named)
	}
	return idx
}

// blobs are contents by digest.
type blobs map[string][]byte

// add stores content and returns a descriptor of it.
func (b blobs) add(mediaType string, content []byte) descriptor {
	sum := sha256.Sum256(content)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	b[digest] = content
	return descriptor{MediaType: mediaType, Digest: digest, Size: len(content)}
}

// addJSON stores the JSON text of v, whose maps (if any) encoding/json sorts.
func (b blobs) addJSON(mediaType string, v any) (descriptor, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return descriptor{}, err
	}
	return b.add(mediaType, text), nil
}

// files returns the blobs as files of a layout; writeTar sorts them.
func (b blobs) files() []File {
	var fs []File
	for digest, content := range b {
		fs = append(fs, File{Path: blobPath(digest), Content: content, Mode: 0o644})
	}
	return fs
}

// blobPath is where a layout keeps the blob of a digest.
func blobPath(digest string) string {
	return "blobs/sha256/" + digest[len("sha256:"):]
}
