package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// releases serves the releases of qlsync as GitHub does, under GitHub's names and with a
// certificate for them, on loopback. A download is redirected to another host. The archive holds a
// script that starts the qlsync of this test.
type releases struct {
	*httptest.Server
	folder  string       // of the configuration with which curl finds this server
	archive []byte       // of this platform
	fault   atomic.Value // a string; see serve
	fetched atomic.Int32 // archives that were sent
}

const (
	releaseVersion = "0.1.0"
	assetHost      = "objects.githubusercontent.com"
	foreignHost    = "downloads.example.com"
)

var archiveName = fmt.Sprintf("qlsync_%s_%s_%s.tar.gz", releaseVersion, runtime.GOOS, runtime.GOARCH)

// newReleases starts the server. The archive has the scripts of a folder.
func newReleases(folder, scriptsFolder string) (*releases, error) {
	program, err := exec.LookPath("qlsync")
	if err != nil {
		return nil, err
	}
	r := &releases{folder: folder}
	r.fault.Store("")
	files := map[string]string{"qlsync": "#!/bin/sh\nexec '" + program + "' \"$@\"\n", "README.md": "# qlsync\n"}
	scripts, err := filepath.Glob(filepath.Join(scriptsFolder, "*.sh"))
	if err != nil {
		return nil, err
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			return nil, err
		}
		files["ci/"+filepath.Base(script)] = string(text)
	}
	if r.archive, err = packArchive(files); err != nil {
		return nil, err
	}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(r.serve))
	certificate, err := certificateFor("github.com", assetHost, foreignHost)
	if err != nil {
		return nil, err
	}
	r.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	r.StartTLS()
	var config strings.Builder
	authority := filepath.Join(folder, "authority.pem")
	fmt.Fprintf(&config, "cacert = %q\n", authority)
	for _, host := range []string{"github.com", assetHost, foreignHost} {
		fmt.Fprintf(&config, "connect-to = \"%s:443:%s\"\nconnect-to = \"%s:80:127.0.0.1:1\"\n", host, r.Listener.Addr(), host)
	}
	block := &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}
	if err := os.WriteFile(authority, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	return r, os.WriteFile(filepath.Join(folder, ".curlrc"), []byte(config.String()), 0o600)
}

// packArchive packs files into a .tar.gz; those that begin with #! are executable.
func packArchive(files map[string]string) ([]byte, error) {
	var buffer bytes.Buffer
	compressed := gzip.NewWriter(&buffer)
	archive := tar.NewWriter(compressed)
	for name, text := range files {
		mode := int64(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(text))}); err != nil {
			return nil, err
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	err := compressed.Close()
	return buffer.Bytes(), err
}

func certificateFor(hosts ...string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// serve answers with the fault that is set: "checksum" sends another archive than the one in the
// list, "truncated" a part of it, "cut" ends the connection within it, "unlisted" leaves it out of the
// list, "twice" lists it with two checksums, "elsewhere" redirects to a host with another archive, "plain"
// to an address without TLS, "broken" is an error of the server.
func (r *releases) serve(w http.ResponseWriter, request *http.Request) {
	fault := r.fault.Load().(string)
	name := filepath.Base(request.URL.Path)
	isArchive := name == archiveName
	switch {
	case fault == "broken":
		http.Error(w, "broken", http.StatusForbidden)
	case request.Host == "github.com":
		if request.URL.Path != "/qlsync/qlsync/releases/download/v"+releaseVersion+"/"+name || !isArchive && name != "checksums.txt" {
			http.NotFound(w, request)
			return
		}
		to := "https://" + assetHost
		if isArchive && fault == "elsewhere" {
			to = "https://" + foreignHost
		} else if isArchive && fault == "plain" {
			to = "http://" + assetHost
		}
		http.Redirect(w, request, to+"/"+name, http.StatusFound)
	case isArchive:
		r.fetched.Add(1)
		r.sendArchive(w, fault, request.Host)
	case fault == "unlisted":
		fmt.Fprintf(w, "%064x  qlsync_%s_plan9_386.tar.gz\n", 1, releaseVersion)
	case fault == "twice":
		fmt.Fprintf(w, "%064x  %s\n%x  %s\n", 1, archiveName, sha256.Sum256(r.archive), archiveName)
	default:
		fmt.Fprintf(w, "%064x  qlsync_%s_plan9_386.tar.gz\n%x  %s\n", 1, releaseVersion, sha256.Sum256(r.archive), archiveName)
	}
}

func (r *releases) sendArchive(w http.ResponseWriter, fault, host string) {
	other, _ := packArchive(map[string]string{"qlsync": "#!/bin/sh\necho stolen\n"})
	switch {
	case fault == "checksum" || host == foreignHost:
		_, _ = w.Write(other)
	case fault == "truncated":
		_, _ = w.Write(r.archive[:len(r.archive)/2])
	case fault == "cut":
		w.Header().Set("Content-Length", fmt.Sprint(len(r.archive)))
		_, _ = w.Write(r.archive[:len(r.archive)/2])
	default:
		_, _ = w.Write(r.archive)
	}
}
